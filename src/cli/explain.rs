use super::{args, exit::Exit};
use crate::{
    config::Code,
    model::{Explanation, Reason},
};

/// `noroshi explain [WORD]`.
pub(super) fn run(options: &args::Explain) -> Exit {
    let Some(word) = options.word.as_deref() else {
        for reason in Reason::ALL {
            println!("{:<26} {}", reason.word(), reason.explanation().meaning);
        }
        for code in Code::ALL {
            println!("{:<26} {}", code.word(), code.explanation().meaning);
        }
        return Exit::Ok;
    };
    if let Ok(reason) = word.to_ascii_lowercase().parse::<Reason>() {
        print(reason.word(), reason.explanation());
    } else if let Some(code) = Code::ALL.iter().find(|code| code.word().eq_ignore_ascii_case(word))
    {
        print(code.word(), code.explanation());
    } else {
        eprintln!("`{word}` is neither a reason nor a code; `noroshi explain` lists them all");
        return Exit::Usage;
    }
    Exit::Ok
}

fn print(word: &str, explanation: Explanation) {
    println!("{word}: {}", explanation.meaning);
    println!("\nLikely causes:");
    explanation.causes.iter().for_each(|cause| println!("  - {cause}"));
    println!("\nNext:");
    explanation.next.iter().for_each(|step| println!("  - {step}"));
}
