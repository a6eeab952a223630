//! JSON Web Tokens, signed with a key of this process.
//!
//! One algorithm only, ES256: what a token's header asks for is compared, not obeyed, so that neither `none` nor another
//! key's kind gets anywhere.
//!
//! Source: RFC 7515, RFC 7518 section 3.4, RFC 8725.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::{Claims, Rejected};

/// There is no key to sign with. (Without its `std` feature, ring's errors are no sources.)
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system has no randomness, or it was of no use.
    #[error("making a key for tokens: {0}")]
    Make(ring::error::Unspecified),
    /// The new key was not taken.
    #[error("the key for tokens was not taken: {0}")]
    Use(ring::error::KeyRejected),
}

/// Signs tokens, and knows its own again.
pub(crate) struct Issuer {
    key: EcdsaKeyPair,
    random: SystemRandom,
    /// Names the key in the header of each token.
    id: String,
}

impl Issuer {
    /// With a new key.
    pub(super) fn generate() -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let document = document.map_err(KeyError::Make)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        let key = key.map_err(KeyError::Use)?;
        let digest = ring::digest::digest(&ring::digest::SHA256, key.public_key().as_ref());
        Ok(Self { id: URL_SAFE_NO_PAD.encode(digest), key, random })
    }

    /// The key by which others can check its tokens, as a JSON Web Key. Source: RFC 7517, RFC 7518 section 6.2.
    pub(crate) fn public_key(&self) -> Value {
        // A byte that says that the point is whole, then its two coordinates.
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let part = |part| URL_SAFE_NO_PAD.encode(part);
        json!({"use": "sig", "kty": "EC", "kid": self.id, "crv": "P-256", "alg": "ES256", "x": part(x), "y": part(y)})
    }

    /// A token that says this; `None` when the system has no randomness.
    pub(crate) fn sign(&self, claims: &Claims) -> Option<String> {
        let header = json!({"alg": "ES256", "kid": self.id});
        let part = |json: String| URL_SAFE_NO_PAD.encode(json);
        let claims = serde_json::to_string(claims).ok()?;
        let signed = format!("{}.{}", part(header.to_string()), part(claims));
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What a token says, if it was signed here.
    pub(super) fn verify(&self, token: &[u8]) -> Result<Claims, Rejected> {
        self.read(token).ok_or(Rejected::Invalid)
    }

    fn read(&self, token: &[u8]) -> Option<Claims> {
        let token = std::str::from_utf8(token).ok()?;
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let header: Value = serde_json::from_slice(&part(header)?).ok()?;
        if header["alg"] != "ES256" || header["kid"] != self.id.as_str() || header.get("crit").is_some() {
            return None;
        }
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.public_key().as_ref());
        key.verify(signed.as_bytes(), &part(signature)?).ok()?;
        serde_json::from_slice(&part(claims)?).ok()
    }
}
