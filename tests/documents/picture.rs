//! A terminal as an animated picture: one SVG without script or anything from elsewhere. Each scene is typed, answers, and
//! makes room for the next; where motion is not wanted, or not understood, the first one stands still.

use std::fmt::Write as _;

/// Of a character and of a line, in pixels, at the font's size below.
const CELL: (f64, f64) = (7.83, 19.0);

const MARGIN: f64 = 18.0;

/// Above the first line, for the bar with the three dots.
const BAR: f64 = 34.0;

/// Seconds: for a character typed, before the answer, and for each of its lines to be read.
const PACE: (f64, f64, f64) = (0.045, 0.5, 0.45);

const STYLE: &str = "\
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d8dee9;white-space:pre}
.b{font-weight:bold}.d{fill:#8b95a5}.r{fill:#ff7b72}.g{fill:#7ee787}.y{fill:#e3b341}.u{fill:#79c0ff}.c{fill:#56d4dd}
.s{opacity:0}.s:first-of-type{opacity:1}
";

/// Colours as terminals number them, and the classes of the style.
const COLOURS: &[(&str, &str)] = &[
    ("1", "b"),
    ("2", "d"),
    ("31", "r"),
    ("91", "r"),
    ("32", "g"),
    ("92", "g"),
    ("33", "y"),
    ("93", "y"),
    ("34", "u"),
    ("94", "u"),
    ("36", "c"),
    ("96", "c"),
];

/// Draws the scenes, each some lines with the colours of a terminal, the first one a command.
pub(crate) fn draw(scenes: &[Vec<String>], (columns, lines): (usize, usize)) -> String {
    let width = MARGIN.mul_add(2.0, number(columns) * CELL.0);
    let height = BAR + MARGIN + number(lines) * CELL.1;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n\
         <title>noroshi in a terminal</title>\n\
         <desc>The same as text: docs/recording/README.md</desc>\n<style>\n{STYLE}{}</style>\n",
        animations(scenes)
    );
    let _ = writeln!(
        svg,
        "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#161b22\"/>\n\
         <circle cx=\"20\" cy=\"17\" r=\"5\" fill=\"#ff5f56\"/><circle cx=\"38\" cy=\"17\" r=\"5\" fill=\"#ffbd2e\"/><circle cx=\"56\" cy=\"17\" r=\"5\" fill=\"#27c93f\"/>"
    );
    for (index, scene) in scenes.iter().enumerate() {
        draw_scene(&mut svg, index, scene);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_scene(svg: &mut String, index: usize, scene: &[String]) {
    let baseline = |line: usize| BAR + CELL.1.mul_add(number(line), 14.0);
    let _ = writeln!(svg, "<g class=\"s\" id=\"s{index}\">");
    for (line, text) in scene.iter().enumerate() {
        if line == 1 {
            let typed = number(plain(&scene[0]).chars().count()) * CELL.0;
            let _ = writeln!(
                svg,
                "<rect id=\"t{index}\" x=\"{:.0}\" y=\"{BAR}\" width=\"{typed:.0}\" height=\"{}\" fill=\"#161b22\" opacity=\"0\"/>\n<g id=\"o{index}\">",
                CELL.0.mul_add(2.0, MARGIN),
                CELL.1
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{:.0}\" xml:space=\"preserve\">{}</text>",
            baseline(line),
            spans(text)
        );
    }
    svg.push_str(if scene.len() > 1 { "</g>\n</g>\n" } else { "</g>\n" });
}

/// When each scene is there, when its command is typed, and when it answers.
fn animations(scenes: &[Vec<String>]) -> String {
    let typing = |scene: &[String]| number(plain(&scene[0]).chars().count()) * PACE.0;
    let whole = |scene: &[String]| typing(scene) + PACE.1 + number(scene.len()) * PACE.2;
    let total: f64 = scenes.iter().map(|scene| whole(scene)).sum();
    let mut css = String::new();
    let mut began = 0.0;
    for (index, scene) in scenes.iter().enumerate() {
        let at = |seconds: f64| 100.0 * (began + seconds) / total;
        let (first, typed, answer, end) =
            (at(0.0), at(typing(scene)), at(typing(scene) + PACE.1), at(whole(scene)));
        let columns = plain(&scene[0]).chars().count();
        let way = number(columns) * CELL.0;
        let _ = write!(
            css,
            "#s{index}{{animation:s{index} {total:.1}s step-end infinite}}\
             #o{index}{{animation:o{index} {total:.1}s step-end infinite}}\
             #t{index}{{animation:t{index} {total:.1}s steps({columns},end) infinite}}\n\
             @keyframes s{index}{{0%{{opacity:0}}{first:.2}%{{opacity:1}}{end:.2}%{{opacity:0}}}}\
             @keyframes o{index}{{0%{{opacity:0}}{answer:.2}%{{opacity:1}}}}\
             @keyframes t{index}{{0%,{first:.2}%{{opacity:1;transform:none}}{typed:.2}%,100%{{opacity:1;transform:translateX({way:.0}px)}}}}\n"
        );
        began += whole(scene);
    }
    css + "@media (prefers-reduced-motion:reduce){*{animation:none!important}}\n"
}

/// A line of a terminal with its colours as spans.
fn spans(line: &str) -> String {
    let (mut out, mut classes) = (String::new(), Vec::<&str>::new());
    let mut parts = line.split('\u{1b}');
    out.push_str(&escaped(parts.next().unwrap_or_default()));
    for part in parts {
        let (codes, text) =
            part.strip_prefix('[').and_then(|part| part.split_once('m')).unwrap_or(("", part));
        for code in codes.split(';') {
            match COLOURS.iter().find(|(known, _)| *known == code) {
                Some((_, class)) => classes.push(class),
                None => classes.clear(),
            }
        }
        match &classes[..] {
            _ if text.is_empty() => {}
            [] => out.push_str(&escaped(text)),
            classes => {
                let _ =
                    write!(out, "<tspan class=\"{}\">{}</tspan>", classes.join(" "), escaped(text));
            }
        }
    }
    out
}

/// The line without its colours.
pub(crate) fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('m').map_or(part, |(_, text)| text));
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The lines that a picture shows, in order.
pub(crate) fn texts(svg: &str) -> Vec<String> {
    let lines = svg.lines().filter_map(|line| line.strip_prefix("<text ")?.strip_suffix("</text>"));
    lines
        .map(|line| {
            let (_, mut rest) = line.split_once('>').unwrap();
            let mut text = String::new();
            while let Some((before, tag)) = rest.split_once('<') {
                text.push_str(before);
                rest = tag.split_once('>').unwrap().1;
            }
            text.push_str(rest);
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        })
        .collect()
}

/// Small numbers: columns and lines.
fn number(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap())
}

#[test]
fn what_is_drawn_can_be_read_again() {
    let lines =
        ["$ a <b>", "\u{1b}[1m\u{1b}[31mred\u{1b}[0m & plain  two", "", "  \u{1b}[2mdim\u{1b}[0m"];
    let scene: Vec<String> = lines.map(str::to_owned).into();
    let svg = draw(&[scene.clone(), scene], (80, 24));
    let read = texts(&svg);
    assert_eq!(read[..4], ["$ a <b>", "red & plain  two", "", "  dim"]);
    assert_eq!(read.len(), 8);
    assert!(svg.contains("<tspan class=\"b r\">red</tspan>"));
}
