//! `@FILE` among the arguments, as kingpin, which reads those of Prometheus' programs, has it.

use std::{collections::VecDeque, ffi::OsString, fs, os::unix::ffi::OsStrExt, path::Path};

/// Arguments there may be at most: a file may name itself.
const MOST: usize = 10_000;

/// The arguments with the lines of a file in the place of each `@FILE`, one argument a line; those that begin with `#` are
/// left out. Behind `--` nothing is a file.
///
/// # Errors
/// A file that cannot be read, in kingpin's words.
pub(super) fn expanded(args: &[OsString]) -> Result<Vec<OsString>, String> {
    let mut left: VecDeque<OsString> = args.iter().cloned().collect();
    let mut all = Vec::with_capacity(left.len());
    let mut taken = 0;
    while let Some(arg) = left.pop_front() {
        taken += 1;
        if taken > MOST {
            return Err(format!("more than {MOST} arguments"));
        }
        let Some(file) = arg.as_bytes().strip_prefix(b"@") else {
            let is_last = arg == "--";
            all.push(arg);
            if is_last {
                all.extend(left.drain(..));
            }
            continue;
        };
        let file = Path::new(std::ffi::OsStr::from_bytes(file));
        let text = fs::read_to_string(file).map_err(|error| {
            format!("failed to open arguments file \"{}\": {error}", file.display())
        })?;
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(OsString::from);
        lines.rev().for_each(|line| left.push_front(line));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_where_the_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| format!("@{}", folder.path().join(name).display());
        fs::write(folder.path().join("more"), "--c\r\n\n").unwrap();
        let text = format!("# none\n--b=@x\n{}\n d e\n", path("more"));
        fs::write(folder.path().join("args"), text).unwrap();
        let given = ["--a", &path("args"), "--", "@rest"].map(OsString::from);
        let all = expanded(&given).unwrap();
        assert_eq!(all, ["--a", "--b=@x", "--c", "", " d e", "--", "@rest"]);
        let missing = expanded(&[path("missing").into()]).unwrap_err();
        assert!(missing.starts_with("failed to open arguments file \""), "{missing}");
        fs::write(folder.path().join("loop"), path("loop")).unwrap();
        assert!(expanded(&[path("loop").into()]).is_err());
    }
}
