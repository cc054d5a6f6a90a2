//! What golang.org/x/crypto/bcrypt says of a hash before anybody has given a password.

/// Why the toolkit refuses the hash; mirrors `bcrypt.Cost`.
pub(super) fn refused(hash: &str) -> Option<String> {
    let bytes = hash.as_bytes();
    if bytes.len() < 59 {
        return Some("it is too short for a bcrypt hash; a bcrypt hash looks like $2y$10$... and has 60 characters".into());
    }
    if bytes[0] != b'$' {
        return Some("a bcrypt hash begins with `$`".into());
    }
    if bytes[1] > b'2' {
        return Some("this version of bcrypt is unknown: $2a$, $2b$ and $2y$ are known".into());
    }
    let cost_at = if bytes[2] == b'$' { 3 } else { 4 };
    let cost = std::str::from_utf8(&bytes[cost_at..cost_at + 2]).unwrap_or_default();
    match cost.parse::<i32>() {
        Ok(4..=31) => None,
        Ok(cost) => Some(format!("its cost of {cost} is not between 4 and 31")),
        Err(_) => Some("its cost is not a number".into()),
    }
}

/// Whether any password could ever fit: the toolkit takes hashes that none does.
pub(super) fn fits_some_password(hash: &str) -> bool {
    hash.parse::<bcrypt::HashParts>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "$2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu";

    #[test]
    fn hashes_the_toolkit_takes_and_refuses() {
        for minor in ["2a", "2b", "2y"] {
            let hash = GOOD.replace("2y", minor);
            assert!(refused(&hash).is_none() && fits_some_password(&hash), "{hash}");
        }
        for (from, to) in [("$2y", "$3y"), ("$10$", "$03$"), ("$10$", "$32$"), ("$10$", "$xx$")] {
            assert!(refused(&GOOD.replace(from, to)).is_some(), "{to}");
        }
        assert!(refused("doe").is_some() && refused("").is_some());
        assert!(refused(&"ü".repeat(40)).is_some());
        // No password fits these, and the toolkit takes them.
        for hash in [format!("{GOOD}XX"), GOOD.replace('A', "!"), GOOD.replace("$2y", "$1y")] {
            assert!(refused(&hash).is_none() && !fits_some_password(&hash), "{hash}");
        }
    }
}
