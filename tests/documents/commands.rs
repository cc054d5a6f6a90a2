//! Commands that no test runs still name what there is: commands of noroshi, and their flags.

use super::pages::Block;

/// What a block that is not run asks of noroshi and noroshi does not have.
pub(crate) fn unknown(block: &Block) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = block.text.replace("\\\n", " ");
    for line in text.lines() {
        let line = line.trim_start_matches("$ ").trim_start();
        for part in line.split(['|', ';', '&', '(', '`']) {
            let mut words = part.split_whitespace();
            if words.next() == Some("noroshi") {
                wrong.extend(not_there(&words.collect::<Vec<_>>()));
            }
        }
    }
    wrong
}

/// The first word that is no command, and the flags that are none of it.
fn not_there(words: &[&str]) -> Option<String> {
    let mut command = noroshi::cli::command();
    command.build();
    let mut at = &command;
    for (index, word) in words.iter().enumerate() {
        if word.starts_with('#') {
            break;
        }
        if let Some(flag) = word.strip_prefix("--") {
            let name = flag.split('=').next().unwrap_or_default();
            let builtin = ["help", "version", ""].contains(&name);
            if !builtin && !at.get_arguments().any(|known| known.get_long() == Some(name)) {
                return Some(format!("`noroshi {}` has no --{name}", at.get_name()));
            }
        } else if let Some(inner) = at.find_subcommand(word) {
            at = inner;
        } else if index == 0 {
            return Some(format!("there is no `noroshi {word}`"));
        }
    }
    None
}

#[test]
fn what_is_not_there_is_found() {
    let block = |text: &str| Block {
        line: 1,
        language: "sh".to_owned(),
        text: text.to_owned(),
        exempt: None,
    };
    let good = "$ noroshi rbac --namespaces a | kubectl apply -f -\nnoroshi silence add \\\n  --duration=1h A\nnoroshi --config.file=x\n";
    assert_eq!(unknown(&block(good)), [""; 0]);
    let bad =
        "noroshi prob http x\nnoroshi rbac --namespace a\nx | noroshi silence --durations=1h\n";
    assert_eq!(unknown(&block(bad)).len(), 3);
}
