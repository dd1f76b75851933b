//! The signatures, from §1 (requests) and §8 (notifications): lower-case hex MD5 over text and private key (私钥).

use md5::{Digest, Md5};

/// Lower-case hex MD5.
pub(crate) fn md5_hex(parts: &[&str]) -> String {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The `sign` of a request: `xmlMsg=` + the XML text as sent + the private key (§1).
#[must_use]
pub fn request_sign(xml: &str, private_key: &str) -> String {
    md5_hex(&["xmlMsg=", xml, private_key])
}

/// The `sign` of a check-in or finish notification: parameter name, `=`, order number, private key (§8).
#[must_use]
pub fn named_sign(parameter: &str, order: &str, private_key: &str) -> String {
    md5_hex(&[parameter, "=", order, private_key])
}

/// The `sign` of a refund notification: order number and private key, no prefix (§8).
#[must_use]
pub fn bare_sign(order: &str, private_key: &str) -> String {
    md5_hex(&[order, private_key])
}

/// A request's form body: `xmlMsg` and `sign`, form-url-encoded (§1). For tests and tools that play the distributor.
#[must_use]
pub fn request_form(xml: &str, private_key: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("xmlMsg", xml)
        .append_pair("sign", &request_sign(xml, private_key))
        .finish()
}
