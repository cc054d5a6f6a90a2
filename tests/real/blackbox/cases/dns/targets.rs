//! How a server is named.

use crate::blackbox::case::Table;

pub(super) fn cases(table: &mut Table) {
    let options = "query_name: example.test, query_type: A";
    // Port 53 of loopback is the system's resolver here.
    for (word, target) in [("an address alone", "127.0.0.1"), ("a name alone", "four.test")] {
        let options = "query_name: four.test, query_type: A";
        table.case(&format!("dns target {word}"), "dns", options, target);
    }
    for (word, target) in [
        ("a port too high", "127.0.0.1:70000"),
        ("a port of letters", "127.0.0.1:domain-not"),
        ("an empty port", "127.0.0.1:"),
        ("a url", "dns://127.0.0.1"),
        ("a name that does not exist", "absent.test"),
    ] {
        let module = format!("prober: dns, timeout: 500ms, dns: {{ {options} }}");
        table.module(&format!("dns target {word}"), &module, target).fails();
    }
}
