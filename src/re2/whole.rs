//! Patterns that a whole text has to match, and nothing is wanted of but whether it does.
//!
//! One automaton forward, without groups, and one place to work in: a few times less than what [`Regex`](super::Regex)
//! takes, and its size is known. So many of them, also of strangers, can be held within a budget.

use std::{fmt, sync::Arc};

use parking_lot::Mutex;
use regex_automata::{
    Anchored, Input,
    hybrid::{
        LazyStateID,
        dfa::{Cache, DFA},
    },
    nfa::thompson::{self, WhichCaptures},
    util::syntax::{self as parser, parse_with},
};

use super::{last_line, syntax};

/// A pattern's text may be so many times shorter than what it may take: each of its characters becomes a state, which is
/// about that large.
const PER_CHARACTER: usize = 32;

/// What a class of Unicode (`\pL`) takes while it is read.
const PER_CLASS: usize = 6 << 10;

/// The place to work in may be so many times larger than the automaton, and must be large enough for a few states.
const WORK: usize = 2;

/// The least and the most of it. Below the least it is full too often; above the most nothing becomes faster.
const WORKS: (usize, usize) = (32 << 10, 2 << 20);

/// A compiled pattern. Its clones share everything.
#[derive(Clone)]
pub struct Whole(Arc<Inner>);

struct Inner {
    automaton: DFA,
    /// Yes, but for a text that is a pattern only between Go's anchors: `a)|(b` becomes `^(?:a)|(b)$`, which is found inside
    /// of other text too, as it is there.
    anchored: Anchored,
    /// Made at the first text. Whoever matches is one task, or has the pattern alone: nobody waits here.
    work: Mutex<Option<Box<Work>>>,
}

struct Work {
    cache: Cache,
    /// The largest state that was made so far, in bytes: what the next one costs.
    widest: usize,
}

/// Why there is no compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is none, in Go's words.
    Syntax(String),
    /// It would take more than it may.
    Large,
}

impl Whole {
    /// Compiles a pattern that may take so many bytes; what it takes to work comes on top, at most `WORK` times as much
    /// again. It is anchored as Go's tools do it, so `a|b` is `^(?:a|b)$`.
    ///
    /// # Errors
    /// Why there is none.
    pub fn new(text: &str, most: usize) -> Result<Self, Fault> {
        let pattern = translated(&format!("^(?:{text})$"), most)?;
        let hir = parse_with(&pattern, &options()).map_err(unread)?;
        let config = thompson::Config::new()
            .nfa_size_limit(Some(most))
            .which_captures(WhichCaptures::None)
            .shrink(false);
        let nfa =
            thompson::Compiler::new().configure(config).build_from_hir(&hir).map_err(|error| {
                match error.size_limit() {
                    Some(_) => Fault::Large,
                    None => Fault::Syntax(error.to_string()),
                }
            })?;
        let work = nfa.memory_usage().saturating_mul(WORK).clamp(WORKS.0, WORKS.1);
        let config = DFA::config().cache_capacity(work).skip_cache_capacity_check(true);
        let automaton = DFA::builder().configure(config).build_from_nfa(nfa);
        let automaton = automaton.map_err(|error| Fault::Syntax(error.to_string()))?;
        let is_whole = Self::check(text, most).is_ok();
        let anchored = if is_whole { Anchored::Yes } else { Anchored::No };
        Ok(Self(Arc::new(Inner { automaton, anchored, work: Mutex::new(None) })))
    }

    /// Whether a text is a pattern, as it stands: without anchors, and however large compiled.
    ///
    /// # Errors
    /// Why it is none.
    pub fn check(text: &str, most: usize) -> Result<(), Fault> {
        parse_with(&translated(text, most)?, &options()).map(drop).map_err(unread)
    }

    /// Whether the whole text matches.
    pub fn is_match(&self, text: &str) -> bool {
        self.try_match(text, &mut { usize::MAX }).unwrap_or(false)
    }

    /// Whether the whole text matches; `None` when that takes more effort than is left. Effort is bytes of states that had
    /// to be worked out; states that are known from other texts take none. A usual pattern takes a hundred for a character
    /// it has not seen there, a bad one ten thousand, and then forgets them.
    pub fn try_match(&self, text: &str, effort: &mut usize) -> Option<bool> {
        let automaton = &self.0.automaton;
        let mut work = self.0.work.lock();
        let work = work
            .get_or_insert_with(|| Box::new(Work { cache: automaton.create_cache(), widest: 0 }));
        let input = Input::new(text).anchored(self.0.anchored);
        let mut at = work
            .learn(automaton, effort, |cache| automaton.start_state_forward(cache, &input).ok())?;
        for byte in text.bytes() {
            if at.is_dead() || at.is_match() {
                return Some(at.is_match());
            }
            let known = (!at.is_tagged())
                .then(|| automaton.next_state_untagged(&work.cache, at, byte))
                .filter(|next| !next.is_unknown());
            at = match known {
                Some(next) => next,
                None => work
                    .learn(automaton, effort, |cache| automaton.next_state(cache, at, byte).ok())?,
            };
        }
        let end = automaton.next_eoi_state(&mut work.cache, at).ok()?;
        Some(at.is_match() || end.is_match())
    }

    /// How many bytes it takes, without the place it works in.
    pub fn size(&self) -> usize {
        size_of::<Inner>() + self.0.automaton.get_nfa().memory_usage()
    }
}

impl Work {
    /// Takes a step that may make a state.
    fn learn(
        &mut self,
        automaton: &DFA,
        effort: &mut usize,
        step: impl FnOnce(&mut Cache) -> Option<LazyStateID>,
    ) -> Option<LazyStateID> {
        *effort = effort.checked_sub(self.widest)?;
        let before = self.cache.memory_usage();
        let next = step(&mut self.cache)?;
        // A row of the table is not what takes time.
        let row = automaton.byte_classes().alphabet_len().next_power_of_two() * size_of::<u32>();
        let grown = self.cache.memory_usage().saturating_sub(before).saturating_sub(row);
        self.widest = self.widest.max(grown);
        Some(next)
    }
}

fn translated(text: &str, most: usize) -> Result<String, Fault> {
    // Before it is compiled, a pattern is a tree, which takes memory too.
    let classes = text.matches("\\p").count() + text.matches("\\P").count();
    if text.len() > most / PER_CHARACTER || classes > most / PER_CLASS {
        return Err(Fault::Large);
    }
    syntax::translate(text).map(|translated| translated.pattern).map_err(Fault::Syntax)
}

/// As `regex::bytes` reads patterns.
fn options() -> parser::Config {
    parser::Config::new().utf8(false)
}

fn unread(error: impl fmt::Display) -> Fault {
    Fault::Syntax(last_line(&error.to_string()).to_owned())
}

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whole").field("size", &self.size()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers which of the last 900 characters were one of two: the states are as many as there are texts.
    const BAD: &str = ".*[ab].{900}N";

    #[test]
    fn only_the_whole_text_matches() {
        for (pattern, matching, other) in [
            ("a|b", "a", "ab"),
            ("(?i)host-[0-9]+", "HOST-12", "host-12x"),
            ("a.c", "aéc", "a\nc"),
            (r"\bx\b", "x", ""),
            ("(?m)a$", "a", "a\nb"),
            (r"\pL{2}", "äö", "ä1"),
            ("|x", "", "y"),
        ] {
            let whole = Whole::new(pattern, 1 << 20).unwrap();
            // Twice: first it learns, then it knows.
            for _ in 0..2 {
                assert!(whole.is_match(matching) && !whole.is_match(other), "{pattern}");
            }
        }
        // Go has these two so.
        let odd = Whole::new("a)|(b", 1 << 20).unwrap();
        assert!(odd.is_match("ax") && odd.is_match("xb") && !odd.is_match("xa"));
        assert_eq!(Whole::check("a)|(b", 1 << 20), Err(Fault::Syntax("unexpected )".to_owned())));
    }

    #[test]
    fn a_bad_pattern_takes_no_more_effort_than_there_is() {
        let text: String = (0..1100).map(|at| if at * at % 7 < 3 { 'a' } else { 'c' }).collect();
        let bad = Whole::new(BAD, 8 << 20).unwrap();
        let mut effort = 1 << 18;
        assert_eq!(bad.try_match(&text, &mut effort), None);
        assert_eq!(bad.try_match(&text, &mut { usize::MAX }), Some(false));
        let usual = Whole::new("host-[0-9]+[.]example[.]org:9100", 8 << 20).unwrap();
        let mut effort = 1 << 18;
        assert_eq!(usual.try_match("host-00042.example.org:9100", &mut effort), Some(true));
        let first = (1 << 18) - effort;
        assert!((1..16 << 10).contains(&first), "{first}");
        assert_eq!(usual.try_match("host-00042.example.org:9100", &mut effort), Some(true));
        let second = (1 << 18) - effort - first;
        assert!(second < 512, "what is known takes no effort: {second}");
    }

    #[test]
    fn sizes_are_bounded_before_anything_is_built() {
        for large in ["[^a]{1000}\\pL{1000}".to_owned(), "\\pL".repeat(400), "a".repeat(70_000)] {
            assert_eq!(Whole::new(&large, 2 << 20).err(), Some(Fault::Large));
        }
        let hosts: Vec<_> = (0..2000).map(|at| format!("host-{at:05}.example.org:9100")).collect();
        let whole = Whole::new(&hosts.join("|"), 8 << 20).unwrap();
        assert!(whole.is_match("host-01999.example.org:9100") && whole.size() < 8 << 20);
    }
}
