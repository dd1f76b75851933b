//! Common spec §8.1, §8.2.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use douyin_wire::cipher::{CipherFault, FieldCipher, Opened};
use proptest::prelude::*;

use crate::SECRET;

/// The page's rule, step by step and on its own: pad or trim the secret, chain the blocks by hand.
fn encrypt(secret: &str, plain: &[u8]) -> String {
    let mut key = secret.as_bytes().to_vec();
    let mut left = true;
    while key.len() < 32 {
        key.insert(if left { 0 } else { key.len() }, b'#');
        left = !left;
    }
    while key.len() > 32 {
        key.remove(if left { 0 } else { key.len() - 1 });
        left = !left;
    }
    let pad = 16 - plain.len() % 16;
    let mut padded = plain.to_vec();
    padded.extend(std::iter::repeat_n(u8::try_from(pad).unwrap(), pad));
    let cipher = Aes256::new_from_slice(&key).unwrap();
    let mut previous: [u8; 16] = key[16..].try_into().unwrap();
    let mut out = Vec::new();
    for chunk in padded.chunks(16) {
        let mut block: [u8; 16] = chunk.try_into().unwrap();
        block.iter_mut().zip(previous).for_each(|(byte, mask)| *byte ^= mask);
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        previous = block.into();
        out.extend(previous);
    }
    STANDARD.encode(out)
}

fn plain(text: &str) -> Result<Opened, CipherFault> {
    Ok(Opened::Plain(text.to_owned()))
}

#[test]
fn the_vectors_open() {
    let long = "abcdefghijklmnopqrstuvwxyz0123456789";
    let vectors = [
        (SECRET, "13800138000", "SxxOBnwVlwZFQV1er5pEHA=="),
        (SECRET, "张三", "UOwV1M23gYhaMjPTUENkGg=="),
        (SECRET, "110101199003070011", "tDkcLk2wlkDAU++QvSE2ZPvdQ/OvGGv4vbsOAAXPaLg="),
        ("short-secret-20chars", "13800138000", "r0eKq4zjXyVA7+wroKf09g=="),
        ("######short-secret-20chars######", "13800138000", "r0eKq4zjXyVA7+wroKf09g=="),
        (long, "13800138000", "A5EzoFe/AfmjRq4+a6J8wA=="),
        ("cdefghijklmnopqrstuvwxyz01234567", "13800138000", "A5EzoFe/AfmjRq4+a6J8wA=="),
    ];
    for (secret, text, sealed) in vectors {
        assert_eq!(FieldCipher::new(secret).open(sealed), plain(text));
        assert_eq!(encrypt(secret, text.as_bytes()), sealed);
    }
}

#[test]
fn what_cannot_open_says_why() {
    let cipher = FieldCipher::new(SECRET);
    assert_eq!(cipher.open("Enc.abc"), Ok(Opened::Sealed("Enc.abc".to_owned())));
    assert_eq!(cipher.open("13800138000"), Err(CipherFault::NotBase64));
    assert_eq!(cipher.open("SxxOBnwVlwZFQV1er5pEHA"), Err(CipherFault::NotBase64));
    assert_eq!(cipher.open(""), Err(CipherFault::Length(0)));
    assert_eq!(cipher.open("AAAA"), Err(CipherFault::Length(3)));
    let other = FieldCipher::new("a second secret");
    assert_eq!(other.open("SxxOBnwVlwZFQV1er5pEHA=="), Err(CipherFault::Padding));
    assert_eq!(cipher.open(&encrypt(SECRET, &[0xff, 0xfe])), Err(CipherFault::NotUtf8));
}

#[test]
fn plain_texts_are_told_from_encrypted_ones() {
    let cipher = FieldCipher::new(SECRET);
    for text in ["110101199003070011", "E12345678", "张三", "", "AAAAAAAAAAAAAAAAAAAAAA=="] {
        assert!(!cipher.looks_encrypted(text), "{text}");
        assert_eq!(cipher.detect(text), Opened::Plain(text.to_owned()));
    }
    assert!(cipher.looks_encrypted("UOwV1M23gYhaMjPTUENkGg=="));
    assert_eq!(cipher.detect("UOwV1M23gYhaMjPTUENkGg=="), Opened::Plain("张三".to_owned()));
    assert_eq!(cipher.detect("Enc.x"), Opened::Sealed("Enc.x".to_owned()));
}

#[test]
fn nothing_secret_is_printed() {
    let cipher = FieldCipher::new(SECRET);
    let shown = format!("{cipher:?} {:?}", cipher.open("UOwV1M23gYhaMjPTUENkGg==").unwrap());
    assert!(!shown.contains("0123") && !shown.contains("48") && !shown.contains("张"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_encrypted_opens(secret in "[ -~]{0,70}", text in "\\PC{0,40}") {
        let cipher = FieldCipher::new(&secret);
        let sealed = encrypt(&secret, text.as_bytes());
        prop_assert_eq!(cipher.open(&sealed), plain(&text));
        prop_assert_eq!(cipher.detect(&sealed), Opened::Plain(text));
    }

    #[test]
    fn no_text_breaks_it(text in any::<String>()) {
        let _ = FieldCipher::new(SECRET).open(&text);
        let _ = FieldCipher::new(&text).open("UOwV1M23gYhaMjPTUENkGg==");
    }
}
