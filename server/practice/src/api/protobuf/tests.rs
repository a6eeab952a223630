use super::*;

/// A field of bytes, shorter than 128.
fn bytes(number: u8, value: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(value.len()).unwrap()], value].concat()
}

fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [MAGIC.to_vec(), bytes(1, &meta), bytes(2, raw)].concat()
}

#[test]
fn a_service_is_read_as_its_json_would_be() {
    let label = [bytes(1, b"app"), bytes(2, b"x")].concat();
    let metadata = [bytes(1, b"s"), bytes(2, b""), bytes(11, &label)].concat();
    let target = [number(1, 1), number(2, 0), bytes(3, b"http")].concat();
    let port = [bytes(1, b""), number(3, 80), bytes(4, &target), number(5, 0)].concat();
    let spec = [bytes(1, &port), bytes(2, &label), number(13, 0)].concat();
    let service = [bytes(1, &metadata), bytes(2, &spec), bytes(3, b"")].concat();
    assert_eq!(
        read(&envelope("v1", "Service", &service)).unwrap(),
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "s", "labels": {"app": "x"}},
            "spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "x"}},
        })
    );
}

#[test]
fn a_pointer_to_zero_is_not_nothing() {
    let spec = [number(1, 0), number(5, 0)].concat();
    let deployment = read(&envelope("apps/v1", "Deployment", &bytes(2, &spec))).unwrap();
    assert_eq!(deployment["spec"], json!({"replicas": 0}));
}

#[test]
fn what_is_malformed_is_a_bad_request() {
    let nested = envelope("v1", "Service", &[0x12, 0x7f]);
    for body in [&b""[..], b"{}", b"k8s\0", b"k8s\0\xff", &envelope("v1", "Widget", b""), &nested] {
        assert_eq!(read(body).unwrap_err().code, 400, "{body:?}");
    }
}
