//! Texts that may be Go templates.

use gotmpl::parse::{Expr, ListNode, Node, Parser, PipeNode};

use crate::compat::{
    decode::{Field, Reader, Sensitive, Text},
    go_url::GoUrl,
    yaml::{Id, Yaml},
};

/// Whether a text is a template at all.
///
/// # Errors
/// Why it is one that cannot be read. As in Alertmanager, which looks before it knows its own functions, only those of
/// the language itself are known.
pub(super) fn is_template(text: &str) -> Result<bool, String> {
    if !text.contains("{{") {
        return Ok(false);
    }
    let parsed = Parser::new(text, "{{", "}}").and_then(Parser::parse);
    let (list, defines) = parsed.map_err(|why| why.to_string())?;
    let lists = std::iter::once(&list).chain(defines.iter().map(|define| &define.body));
    for list in lists {
        known(list)?;
    }
    Ok(true)
}

/// The functions of Go's templates themselves.
const BUILTIN: [&str; 19] = [
    "and", "call", "html", "index", "slice", "js", "len", "not", "or", "print", "printf",
    "println", "urlquery", "eq", "ge", "gt", "le", "lt", "ne",
];

/// Whether every function in it is known.
fn known(list: &ListNode) -> Result<(), String> {
    list.nodes.iter().try_for_each(|node| match node {
        Node::Action(action) => in_pipe(&action.pipe),
        Node::If(branch) | Node::Range(branch) | Node::With(branch) => {
            in_pipe(&branch.pipe)?;
            known(&branch.body)?;
            branch.else_body.as_ref().map_or(Ok(()), known)
        }
        Node::Template(template) => template.pipe.as_ref().map_or(Ok(()), in_pipe),
        Node::Define(define) => known(&define.body),
        _ => Ok(()),
    })
}

fn in_pipe(pipe: &PipeNode) -> Result<(), String> {
    pipe.commands.iter().flat_map(|command| &command.args).try_for_each(in_expression)
}

fn in_expression(expression: &Expr) -> Result<(), String> {
    match expression {
        Expr::Identifier(_, name) if !BUILTIN.contains(&name.as_str()) => {
            Err(format!("the function `{name}` is not known here"))
        }
        Expr::Pipe(_, pipe) => in_pipe(pipe),
        Expr::Chain(_, inner, _) => in_expression(inner),
        _ => Ok(()),
    }
}

/// The URL of a webhook: a secret, and it may be a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::compat) struct TemplateUrl(pub(in crate::compat) Sensitive);

impl Field for TemplateUrl {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let written = text.lossy();
        if !text.is_empty() && written != crate::model::Secret::MASK {
            match is_template(&written) {
                Ok(true) => {}
                // What the parser says repeats the text, which is a secret.
                Err(_) => return reader.bad_value(id, "the template in it cannot be read"),
                Ok(false) => {
                    let url = GoUrl::parse(&written);
                    let http = |url: &GoUrl| matches!(url.scheme.as_str(), "http" | "https");
                    let why = match url {
                        Err(why) => why,
                        Ok(url) if !http(&url) => "it begins with `http://` or `https://`",
                        Ok(url) if !url.has_host() => "the host is missing",
                        Ok(_) => "",
                    };
                    if !why.is_empty() {
                        return reader.bad_value(id, &format!("not a URL: {why}"));
                    }
                }
            }
        }
        self.0 = Sensitive(text.clone());
        true
    }
    fn show(&self) -> Yaml {
        self.0.show()
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}
