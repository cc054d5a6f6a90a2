//! Parsed templates made ready for the engine.
//!
//! The engine looks fields up in maps and calls functions; it knows no methods and tells no places once it runs. So a
//! field chain becomes a call of the lookup, what an action prints and a `range` goes over is asked of our functions, and
//! each action is preceded by a step that notes where it stands and counts. What Go finds at parse time and the engine
//! does not (unknown functions and variables) is found here.

use std::sync::Arc;

use gotmpl::parse::{
    ActionNode, BranchNode, CommandNode, Expr, ListNode, Node, Number, PipeNode, Pos, SmolStr,
    TemplateNode,
};

use super::{
    functions::{self, AT, FIELD, ITEMS, NOTHING, PRINTED},
    set::Mistake,
};

/// Where something stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) file: Option<Arc<str>>,
    /// The template it belongs to; empty at the top of a text.
    pub(super) template: Arc<str>,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A template that is ready.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) tree: ListNode,
    /// How deep its branches lie in each other.
    pub(super) nesting: usize,
    /// The templates it calls.
    pub(super) calls: Vec<(SmolStr, usize)>,
}

/// Where the steps get their numbers.
pub(super) struct Rewriter<'t> {
    pub(super) text: &'t str,
    pub(super) file: Option<Arc<str>>,
    pub(super) places: &'t mut Vec<Place>,
    /// The number of the first of `places`.
    pub(super) first: usize,
}

impl Rewriter<'_> {
    pub(super) fn body(&mut self, template: &str, tree: ListNode) -> Result<Body, Mistake> {
        let mut walk = Walk {
            template: template.into(),
            variables: vec![SmolStr::new_static("$")],
            depth: 0,
            nesting: 0,
            calls: Vec::new(),
            rewriter: self,
        };
        let tree = walk.list(tree)?;
        Ok(Body { tree, nesting: walk.nesting, calls: walk.calls })
    }
}

struct Walk<'w, 't> {
    rewriter: &'w mut Rewriter<'t>,
    template: Arc<str>,
    variables: Vec<SmolStr>,
    depth: usize,
    nesting: usize,
    calls: Vec<(SmolStr, usize)>,
}

impl Walk<'_, '_> {
    fn list(&mut self, list: ListNode) -> Result<ListNode, Mistake> {
        let mut nodes = Vec::with_capacity(list.nodes.len() * 2);
        for node in list.nodes {
            let pos = match &node {
                Node::Text(_) | Node::Define(_) | Node::List(_) => None,
                Node::Action(action) => Some(action.pos),
                Node::If(branch) | Node::Range(branch) | Node::With(branch) => Some(branch.pos),
                Node::Template(call) => Some(call.pos),
                Node::Break(pos) | Node::Continue(pos) => Some(*pos),
            };
            let place = pos.map(|pos| self.place(pos));
            if let (Some(pos), Some(place)) = (pos, place) {
                nodes.push(step(pos, place));
            }
            nodes.push(self.node(node, place.unwrap_or_default())?);
        }
        Ok(ListNode { pos: list.pos, nodes })
    }

    fn node(&mut self, node: Node, place: usize) -> Result<Node, Mistake> {
        Ok(match node {
            Node::Action(ActionNode { pos, pipe }) => {
                let mut pipe = self.pipe(pipe)?;
                if pipe.decl.is_empty() && !ends_in_escaper(&pipe) {
                    pipe.commands.push(call(pos, PRINTED, vec![]));
                }
                Node::Action(ActionNode { pos, pipe })
            }
            Node::If(branch) => Node::If(self.branch(branch, false)?),
            Node::With(branch) => Node::With(self.branch(branch, false)?),
            Node::Range(branch) => Node::Range(self.branch(branch, true)?),
            Node::Template(TemplateNode { pos, name, pipe }) => {
                self.calls.push((name.clone(), place));
                // Without an argument the dot is nothing; the engine would hand ours on.
                let pipe = match pipe {
                    Some(pipe) => self.pipe(pipe)?,
                    None => PipeNode {
                        pos,
                        decl: vec![],
                        commands: vec![call(pos, NOTHING, vec![])],
                        is_assign: false,
                    },
                };
                Node::Template(TemplateNode { pos, name, pipe: Some(pipe) })
            }
            Node::List(list) => Node::List(self.list(list)?),
            text @ (Node::Text(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_)) => text,
        })
    }

    fn branch(&mut self, branch: BranchNode, is_range: bool) -> Result<BranchNode, Mistake> {
        let known = self.variables.len();
        self.depth += 1;
        self.nesting = self.nesting.max(self.depth);
        let mut pipe = self.pipe(branch.pipe)?;
        if is_range {
            pipe.commands.push(call(branch.pos, ITEMS, vec![]));
        }
        let inside = self.variables.len();
        let body = self.list(branch.body)?;
        self.variables.truncate(inside);
        let else_body = branch.else_body.map(|list| self.list(list)).transpose()?;
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(BranchNode { pos: branch.pos, pipe, body, else_body })
    }

    fn pipe(&mut self, pipe: PipeNode) -> Result<PipeNode, Mistake> {
        let mut commands = Vec::with_capacity(pipe.commands.len());
        for (at, command) in pipe.commands.into_iter().enumerate() {
            if at > 0 && command.args.first().is_some_and(is_constant) {
                return Err(self.mistake(
                    command.pos,
                    format!("non executable command in pipeline stage {}", at + 1),
                ));
            }
            commands.push(self.command(command)?);
        }
        for name in &pipe.decl {
            if pipe.is_assign {
                self.known(name, pipe.pos)?;
            } else {
                self.variables.push(name.clone());
            }
        }
        Ok(PipeNode { commands, ..pipe })
    }

    fn command(&mut self, command: CommandNode) -> Result<CommandNode, Mistake> {
        let CommandNode { pos, args } = command;
        let mut args = args.into_iter();
        let Some(first) = args.next() else { return Ok(CommandNode { pos, args: vec![] }) };
        let rest = args.map(|arg| self.argument(arg)).collect::<Result<Vec<_>, _>>()?;
        let mut args = self.first(first)?;
        args.extend(rest);
        Ok(CommandNode { pos, args })
    }

    /// What a command begins with: a function's name, or a value. A chain takes the arguments that follow.
    fn first(&mut self, expr: Expr) -> Result<Vec<Expr>, Mistake> {
        Ok(match expr {
            Expr::Field(pos, chain) => lookup(pos, Expr::Dot(pos), &chain),
            Expr::Variable(pos, name, chain) => {
                self.known(&name, pos)?;
                let variable = Expr::Variable(pos, name, vec![]);
                if chain.is_empty() { vec![variable] } else { lookup(pos, variable, &chain) }
            }
            Expr::Chain(pos, inner, chain) => lookup(pos, self.argument(*inner)?, &chain),
            Expr::Identifier(pos, name) => {
                if !functions::is_known(&name) {
                    return Err(self.mistake(
                        pos,
                        format!("function {name:?} not defined", name = name.as_str()),
                    ));
                }
                vec![Expr::Identifier(pos, name)]
            }
            Expr::Pipe(pos, pipe) => vec![Expr::Pipe(pos, self.inner(pipe)?)],
            constant => vec![constant],
        })
    }

    fn argument(&mut self, expr: Expr) -> Result<Expr, Mistake> {
        let pos = expr.pos();
        let mut args = self.first(expr)?;
        if args.len() == 1
            && let Some(simple) = args.pop()
        {
            return Ok(simple);
        }
        let commands = vec![CommandNode { pos, args }];
        Ok(Expr::Pipe(pos, PipeNode { pos, decl: vec![], commands, is_assign: false }))
    }

    /// A pipeline in brackets.
    fn inner(&mut self, pipe: PipeNode) -> Result<PipeNode, Mistake> {
        let known = self.variables.len();
        let pipe = self.pipe(pipe);
        self.variables.truncate(known);
        pipe
    }

    fn known(&self, name: &SmolStr, pos: Pos) -> Result<(), Mistake> {
        if self.variables.contains(name) {
            return Ok(());
        }
        Err(self.mistake(pos, format!("undefined variable {:?}", name.as_str())))
    }

    fn place(&mut self, pos: Pos) -> usize {
        let Mistake { line, column, .. } =
            Mistake::at(self.rewriter.text, pos.offset, String::new());
        self.rewriter.places.push(Place {
            file: self.rewriter.file.clone(),
            template: self.template.clone(),
            line,
            column: column.unwrap_or_default(),
        });
        self.rewriter.first + self.rewriter.places.len() - 1
    }

    fn mistake(&self, pos: Pos, message: String) -> Mistake {
        Mistake::at(self.rewriter.text, pos.offset, message)
    }
}

/// Constants cannot take what is piped into them.
const fn is_constant(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Bool(..) | Expr::Dot(_) | Expr::Nil(_) | Expr::Number(..) | Expr::String(..)
    )
}

/// Whether the last command escapes by itself; the HTML engine wants to see that it is the last.
fn ends_in_escaper(pipe: &PipeNode) -> bool {
    let last = pipe.commands.last().and_then(|command| command.args.first());
    matches!(last, Some(Expr::Identifier(_, name)) if matches!(name.as_str(), "html" | "urlquery"))
}

fn lookup(pos: Pos, base: Expr, chain: &[SmolStr]) -> Vec<Expr> {
    vec![
        Expr::Identifier(pos, SmolStr::new_static(FIELD)),
        base,
        Expr::String(pos, chain.join(".").into()),
    ]
}

fn call(pos: Pos, function: &'static str, args: Vec<Expr>) -> CommandNode {
    let name = Expr::Identifier(pos, SmolStr::new_static(function));
    CommandNode { pos, args: [vec![name], args].concat() }
}

/// An action that prints nothing: it sets a variable that no template can name.
fn step(pos: Pos, place: usize) -> Node {
    let place = Expr::Number(pos, Number::Int(i64::try_from(place).unwrap_or(i64::MAX)));
    let pipe = PipeNode {
        pos,
        decl: vec![SmolStr::new_static("$ step")],
        commands: vec![call(pos, AT, vec![place])],
        is_assign: false,
    };
    Node::Action(ActionNode { pos, pipe })
}
