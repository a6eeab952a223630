//! JSON patches (RFC 6902), as many and as large as a real API server does: a patch of a few lines can copy an object
//! into itself until no memory is left.
//! Source: `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.

use json_patch::{Patch, PatchOperation, patch};
use serde_json::Value;

use super::refused;
use crate::api::MAX_BODY_BYTES;
use crate::status::Status;

/// The most operations of one patch.
const MAX_OPERATIONS: usize = 10_000;

/// Does a patch, operation by operation.
pub(super) fn apply(object: &mut Value, operations: &Patch) -> Result<(), Status> {
    if operations.len() > MAX_OPERATIONS {
        return Err(Status::too_large(MAX_OPERATIONS));
    }
    let mut copied = 0;
    for operation in &operations.0 {
        if let PatchOperation::Copy(copy) = operation {
            copied += object.pointer(copy.from.as_str()).map_or(0, |value| value.to_string().len());
            if copied > MAX_BODY_BYTES {
                return Err(Status::too_large(MAX_BODY_BYTES));
            }
        }
        // What exactly failed, Kubernetes does not say either.
        patch(object, std::slice::from_ref(operation)).map_err(|_| refused::rejected())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(object: &mut Value, operations: Value) -> Result<(), u16> {
        let operations = serde_json::from_value(operations).unwrap();
        apply(object, &operations).map_err(|status| status.code)
    }

    #[test]
    fn operations_are_done_in_their_order() {
        let mut object = json!({"data": {"a": 1}});
        let operations = json!([
            {"op": "copy", "from": "/data/a", "path": "/data/b"},
            {"op": "remove", "path": "/data/a"},
            {"op": "test", "path": "/data/b", "value": 1},
        ]);
        assert_eq!(patched(&mut object, operations), Ok(()));
        assert_eq!(object, json!({"data": {"b": 1}}));
        assert_eq!(patched(&mut object, json!([{"op": "remove", "path": "/none"}])), Err(422));
    }

    #[test]
    fn an_object_that_is_copied_into_itself_ends_before_memory_does() {
        let mut object = json!({"data": {"a": "x".repeat(100)}});
        let copy = |n| json!({"op": "copy", "from": "/data", "path": format!("/data/a{n}")});
        let bomb: Vec<_> = (0..64).map(copy).collect();
        assert_eq!(patched(&mut object, Value::from(bomb)), Err(413));
    }

    #[test]
    fn a_patch_has_so_many_operations_and_no_more() {
        let test = json!({"op": "test", "path": "/a", "value": 1});
        let many = vec![test; MAX_OPERATIONS + 1];
        assert_eq!(patched(&mut json!({"a": 1}), Value::from(many)), Err(413));
    }
}
