//! Paths as Go's `filepath` joins and cleans them on Unix, without a look at any disk.

/// What stands in a file's place: itself where it is absolute or nothing, else below the folder.
pub(in crate::compat) fn joined(folder: &str, path: &str) -> String {
    if path.is_empty() || path.starts_with('/') {
        return path.to_owned();
    }
    match folder {
        "" => cleaned(path),
        folder => cleaned(&format!("{folder}/{path}")),
    }
}

/// `filepath.Dir`
pub(in crate::compat) fn folder(path: &str) -> String {
    cleaned(path.rfind('/').map_or("", |at| &path[..=at]))
}

/// `filepath.Clean`
fn cleaned(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.as_str()) {
        (true, _) => format!("/{joined}"),
        (false, "") => ".".to_owned(),
        (false, _) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_gos() {
        assert_eq!(folder("/etc/alertmanager/a.yml"), "/etc/alertmanager");
        assert_eq!(folder("a.yml"), ".");
        assert_eq!(joined("/etc/am", "tls/./../ca.pem"), "/etc/am/ca.pem");
        assert_eq!(joined("/etc", "../../x"), "/x");
        assert_eq!(joined(".", "../x"), "../x");
        assert_eq!(joined("a", "/x//y"), "/x//y");
        assert_eq!(joined("a", ""), "");
        assert_eq!(joined(".", "*.tmpl"), "*.tmpl");
    }
}
