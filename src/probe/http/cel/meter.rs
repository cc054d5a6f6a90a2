//! A bound on what an evaluation may cost: each step of each loop asks whether it may go on.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use cel::{
    Context, DeclarationError,
    common::{
        ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators},
        types::CelBool,
    },
};

use crate::{clock::Instant, probe::offload};

/// What a loop asks; no expression can be written that calls it.
const GOES_ON: &str = "@goes_on";

/// How many steps are taken between two looks at the clock.
const STEPS_PER_LOOK: u32 = 256;

/// What is said where the time is over.
pub(super) const DEADLINE: &str = offload::LATE;

/// The steps and the time that one evaluation has.
pub(super) struct Meter {
    left: Arc<AtomicU32>,
    limit: u32,
    deadline: Instant,
}

impl Meter {
    pub(super) fn new(limit: u32, deadline: Instant) -> Self {
        Self { left: Arc::new(AtomicU32::new(limit)), limit, deadline }
    }

    /// Answers the question of the loops. Once the answer is no it stays so, and every loop ends.
    pub(super) fn install(&self, context: &mut Context<'_, '_>) -> Result<(), DeclarationError> {
        let (left, deadline) = (Arc::clone(&self.left), self.deadline);
        context.add_function(GOES_ON, move || {
            let before = left.load(Relaxed);
            let late = before.is_multiple_of(STEPS_PER_LOOK) && Instant::now() >= deadline;
            left.store(if late { 0 } else { before.saturating_sub(1) }, Relaxed);
            before > 0 && !late
        })
    }

    /// Why the evaluation was cut short, where it was: its result then means nothing.
    pub(super) fn exhausted(&self) -> Option<String> {
        if Instant::now() >= self.deadline {
            return Some(DEADLINE.into());
        }
        let spent = self.left.load(Relaxed) == 0;
        spent.then(|| format!("its loops take more than {} steps", self.limit))
    }
}

/// Makes every loop ask before each step.
pub(super) fn every_loop(expression: &mut IdedExpr) {
    match &mut expression.expr {
        Expr::Comprehension(looped) => {
            for part in [
                &mut looped.iter_range,
                &mut looped.accu_init,
                &mut looped.loop_cond,
                &mut looped.loop_step,
                &mut looped.result,
            ] {
                every_loop(part);
            }
            if matches!(looped.loop_cond.expr, Expr::Literal(_)) {
                let nothing = Expr::Ident(looped.accu_var.clone());
                looped.loop_step = guarded(std::mem::take(&mut looped.loop_step), nothing);
            } else {
                looped.loop_cond = asked(std::mem::take(&mut looped.loop_cond));
            }
        }
        Expr::Call(call) => {
            call.target.as_deref_mut().into_iter().chain(&mut call.args).for_each(every_loop);
        }
        Expr::Select(select) => every_loop(&mut select.operand),
        Expr::List(list) => list.elements.iter_mut().for_each(every_loop),
        Expr::Map(map) => map.entries.iter_mut().for_each(|entry| match &mut entry.expr {
            EntryExpr::MapEntry(entry) => {
                every_loop(&mut entry.key);
                every_loop(&mut entry.value);
            }
            EntryExpr::StructField(field) => every_loop(&mut field.value),
        }),
        Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

/// The step of `map`, `filter` and `exists_one`, whose condition has to stay `true`: by that the interpreter knows a loop that
/// only appends, which otherwise copies its list at each step.
fn guarded(step: IdedExpr, nothing: Expr) -> IdedExpr {
    let id = step.id;
    match step.expr {
        Expr::Call(mut call) if call.func_name == operators::CONDITIONAL => {
            if let Some(condition) = call.args.first_mut() {
                *condition = asked(std::mem::take(condition));
            }
            IdedExpr { id, expr: Expr::Call(call) }
        }
        expr => choice(id, question(id), IdedExpr { id, expr }, IdedExpr { id, expr: nothing }),
    }
}

/// `@goes_on() ? condition : false`
fn asked(condition: IdedExpr) -> IdedExpr {
    let id = condition.id;
    let no = Expr::Literal(LiteralValue::Boolean(CelBool::from(false)));
    choice(id, question(id), condition, IdedExpr { id, expr: no })
}

fn question(id: u64) -> IdedExpr {
    call(id, GOES_ON, Vec::new())
}

fn choice(id: u64, condition: IdedExpr, then: IdedExpr, otherwise: IdedExpr) -> IdedExpr {
    call(id, operators::CONDITIONAL, vec![condition, then, otherwise])
}

fn call(id: u64, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    let call = CallExpr { func_name: name.into(), target: None, args };
    IdedExpr { id, expr: Expr::Call(call) }
}
