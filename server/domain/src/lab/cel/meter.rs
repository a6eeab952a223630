//! The meter in an expression's loops.
//!
//! The macros of CEL (`exists`, `all`, `filter`, `map`, …) are the only loops it has; the parser writes each as a
//! comprehension. Into each a call is put that is made once a turn, in a place where the interpreter still
//! recognises the loops that it runs without copying their result.

use cel::common::ast::operators::{CONDITIONAL, LOGICAL_AND};
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue};

/// The function that counts a turn. `@` keeps the name out of reach of whoever writes an expression.
pub(super) const TURN: &str = "@turn";

/// Puts the meter into every loop.
pub(super) fn install(expr: &mut IdedExpr) {
    if let Expr::Comprehension(comprehension) = &mut expr.expr {
        meter(comprehension);
    }
    parts_mut(&mut expr.expr, &mut |part| install(part));
}

/// How deep loops are nested, one fed by another included.
pub(super) fn depth(expr: &IdedExpr) -> usize {
    let mut deepest = 0;
    parts(&expr.expr, &mut |part| deepest = deepest.max(depth(part)));
    deepest + usize::from(matches!(expr.expr, Expr::Comprehension(_)))
}

fn meter(comprehension: &mut ComprehensionExpr) {
    let endless = matches!(comprehension.loop_cond.expr, Expr::Literal(_));
    if !endless {
        // exists, all: a condition is looked at before every turn.
        let cond = std::mem::take(&mut comprehension.loop_cond);
        comprehension.loop_cond = call(LOGICAL_AND, vec![turn(), cond]);
        return;
    }
    let Expr::Call(step) = &mut comprehension.loop_step.expr else {
        comprehension.loop_cond = turn();
        return;
    };
    if step.func_name == CONDITIONAL && !step.args.is_empty() {
        // filter, exists_one, map with a condition: the guard of the step.
        let guard = std::mem::take(&mut step.args[0]);
        step.args[0] = call(LOGICAL_AND, vec![turn(), guard]);
    } else if let Some(Expr::List(ListExpr { elements, .. })) = step.args.last_mut().map(|a| &mut a.expr) {
        // map: the element that is appended.
        for element in elements {
            let value = std::mem::take(element);
            let never = IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::Null) };
            *element = call(CONDITIONAL, vec![turn(), value, never]);
        }
    } else {
        comprehension.loop_cond = turn();
    }
}

fn turn() -> IdedExpr {
    call(TURN, vec![])
}

fn call(name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    IdedExpr { id: 0, expr: Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }) }
}

/// Visits what an expression is made of.
pub(super) fn parts<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a IdedExpr)) {
    match expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Call(call) => {
            call.target.iter().for_each(|t| visit(t));
            call.args.iter().for_each(visit);
        }
        Expr::Comprehension(c) => {
            [&c.iter_range, &c.accu_init, &c.loop_cond, &c.loop_step, &c.result].into_iter().for_each(visit);
        }
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Map(map) => map.entries.iter().for_each(|e| entry(&e.expr, visit)),
        Expr::Struct(s) => s.entries.iter().for_each(|e| entry(&e.expr, visit)),
        Expr::Select(select) => visit(&select.operand),
    }
}

fn entry<'a>(expr: &'a EntryExpr, visit: &mut impl FnMut(&'a IdedExpr)) {
    match expr {
        EntryExpr::StructField(field) => visit(&field.value),
        EntryExpr::MapEntry(pair) => {
            visit(&pair.key);
            visit(&pair.value);
        }
    }
}

fn parts_mut(expr: &mut Expr, visit: &mut impl FnMut(&mut IdedExpr)) {
    match expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Call(call) => {
            call.target.iter_mut().for_each(|t| visit(t));
            call.args.iter_mut().for_each(visit);
        }
        Expr::Comprehension(c) => {
            let c = &mut **c;
            let all =
                [&mut c.iter_range, &mut c.accu_init, &mut c.loop_cond, &mut c.loop_step, &mut c.result];
            all.into_iter().for_each(visit);
        }
        Expr::List(list) => list.elements.iter_mut().for_each(visit),
        Expr::Map(map) => map.entries.iter_mut().for_each(|e| entry_mut(&mut e.expr, visit)),
        Expr::Struct(s) => s.entries.iter_mut().for_each(|e| entry_mut(&mut e.expr, visit)),
        Expr::Select(select) => visit(&mut select.operand),
    }
}

fn entry_mut(expr: &mut EntryExpr, visit: &mut impl FnMut(&mut IdedExpr)) {
    match expr {
        EntryExpr::StructField(field) => visit(&mut field.value),
        EntryExpr::MapEntry(pair) => {
            visit(&mut pair.key);
            visit(&mut pair.value);
        }
    }
}
