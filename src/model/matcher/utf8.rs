//! The UTF-8 syntax: any name and any value, quoted where they hold what the syntax is made of.

use super::{
    Matcher, Patterns,
    lexer::{Fault, Kind, Lexer, Token},
    quote,
};

/// Reads exactly one.
pub(super) fn matcher(text: &str, patterns: &mut Patterns) -> Result<Matcher, String> {
    let mut read = matchers(text, patterns)?;
    match read.len() {
        0 => Err("no matchers".to_owned()),
        1 => read.pop().ok_or_else(String::new),
        more => Err(format!("expected 1 matcher, found {more}")),
    }
}

/// Reads a list, in braces or not.
pub(super) fn matchers(text: &str, patterns: &mut Patterns) -> Result<Vec<Matcher>, String> {
    let mut lexer = Lexer::new(text);
    let mut read = Vec::new();
    let braced = match lexer.peek() {
        Err(Fault::End) => return Ok(read),
        first => first.map_err(|fault| fault.to_string())?.kind == Kind::OpenBrace,
    };
    if braced {
        expect(&mut lexer, |kind| kind == Kind::OpenBrace).map_err(|fault| fault.to_string())?;
    }
    let mut more = match lexer.peek() {
        Err(Fault::End) => false,
        next => next.map_err(|fault| fault.to_string())?.kind != Kind::CloseBrace,
    };
    while more {
        read.push(one(&mut lexer, patterns)?);
        more = another(&mut lexer)?;
    }
    close(&mut lexer, braced)?;
    match lexer.next() {
        Err(Fault::End) => Ok(read),
        Err(fault) => Err(format!("{fault}: expected end of input")),
        Ok(Token { text, start, end, .. }) => {
            Err(format!("{start}:{end}: {text}: expected end of input"))
        }
    }
}

fn one(lexer: &mut Lexer<'_>, patterns: &mut Patterns) -> Result<Matcher, String> {
    let is_word = |kind| matches!(kind, Kind::Quoted | Kind::Unquoted);
    let name = expect(lexer, is_word).map_err(|fault| format!("{fault}: expected label name"))?;
    let name = unquoted(name)?;
    let operator = expect(lexer, |kind| matches!(kind, Kind::Op(_)));
    let op = match operator {
        Ok(Token { kind: Kind::Op(op), .. }) => op,
        Ok(token) => return Err(unexpected(token).to_string()),
        Err(fault) => {
            return Err(format!("{fault}: expected an operator such as '=', '!=', '=~' or '!~'"));
        }
    };
    let value = expect(lexer, is_word).map_err(|fault| format!("{fault}: expected label value"))?;
    Matcher::written(name, op, unquoted(value)?)
        .compiled(patterns)
        .map_err(|why| format!("failed to create matcher: {why}"))
}

/// Reads what may stand between two matchers: whether another one follows.
fn another(lexer: &mut Lexer<'_>) -> Result<bool, String> {
    match lexer.peek() {
        Err(Fault::End) | Ok(Token { kind: Kind::CloseBrace, .. }) => return Ok(false),
        Ok(Token { kind: Kind::Comma, .. }) => {}
        Ok(token) => return Err(format!("{}: expected a comma or close brace", unexpected(token))),
        Err(fault) => return Err(format!("{fault}: expected a comma or close brace")),
    }
    let after = "expected a matcher or close brace after comma";
    expect(lexer, |kind| kind == Kind::Comma).map_err(|fault| fault.to_string())?;
    match lexer.peek() {
        Err(Fault::End) | Ok(Token { kind: Kind::CloseBrace, .. }) => Ok(false),
        Ok(Token { kind: Kind::Quoted | Kind::Unquoted, .. }) => Ok(true),
        Ok(token) => Err(format!("{}: {after}", unexpected(token))),
        Err(fault) => Err(format!("{fault}: {after}")),
    }
}

/// A brace that was opened must be closed, and no other.
fn close(lexer: &mut Lexer<'_>, braced: bool) -> Result<(), String> {
    let closed = expect(lexer, |kind| kind == Kind::CloseBrace);
    let column = lexer.column;
    match closed {
        Err(fault) if braced => Err(format!("0:{column}: {fault}: expected close brace")),
        Ok(_) if !braced => Err(format!("0:{column}: }}: expected opening brace")),
        _ => Ok(()),
    }
}

/// The next word if it is wanted; else it is left.
fn expect<'t>(lexer: &mut Lexer<'t>, wanted: impl Fn(Kind) -> bool) -> Result<Token<'t>, Fault> {
    let token = lexer.peek()?;
    if !wanted(token.kind) {
        return Err(unexpected(token));
    }
    lexer.next()
}

fn unexpected(token: Token<'_>) -> Fault {
    Fault::Said(format!("{}:{}: unexpected {}", token.start, token.end, token.text))
}

fn unquoted(token: Token<'_>) -> Result<String, String> {
    if token.kind != Kind::Quoted {
        return Ok(token.text.to_owned());
    }
    quote::unquoted(token.text)
        .ok_or_else(|| format!("{}:{}: {}: invalid input", token.start, token.end, token.text))
}
