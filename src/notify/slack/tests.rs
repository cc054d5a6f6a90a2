use super::*;
use crate::notify::provider::Described;

fn spec(text: &str) -> Spec {
    toml::from_str(text).unwrap()
}

#[test]
fn mistakes_have_their_place() {
    for (text, path) in [
        ("", "webhook_url"),
        ("bot_token = 'x'", "channel"),
        ("webhook_url = 'ftp://a/'", "webhook_url"),
        ("webhook_url = 'https://a/x'\nbot_token = 'x'", "bot_token"),
        ("webhook_url = 'https://a/x'\nstrategy = 'update'", "strategy"),
        ("webhook_url = 'https://a/x'\nactions = [{ type = 'button', text = 'x' }]", "actions.0"),
        ("webhook_url = 'https://a/x'\nhttp.no_proxy = 'x'", "http.no_proxy"),
    ] {
        let problems = spec(text).problems();
        assert_eq!(problems.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), [path]);
    }
    for text in [
        "webhook_url = 'https://a/api/chat.postMessage'\nstrategy = 'update'",
        "bot_token_env = 'X'\nchannel = '#x'\nstrategy = 'thread'",
    ] {
        assert!(spec(text).problems().is_empty());
    }
}

#[test]
fn every_template_is_named() {
    let spec = spec(
        "bot_token = 'x'\nfields = [{ title = 'a', value = 'b' }]\n\
         actions = [{ type = 'button', text = 'x', confirm = { text = 'y' } }]",
    );
    let paths: Vec<_> = spec.templates().into_iter().map(|used| used.path).collect();
    for path in ["title", "fields.0.value", "actions.0.type", "actions.0.confirm.text"] {
        assert!(paths.iter().any(|own| own == path), "{paths:?}");
    }
}
