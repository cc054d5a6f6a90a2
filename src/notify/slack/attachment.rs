use serde_json::{Map, Value, json};

use super::{Action, Confirmation, Spec};
use crate::notify::{limit, message::Message, setback::Setback, spec::Template};

/// Titles, in characters; Alertmanager cuts at the same.
const TITLE_LIMIT: usize = 1024;

/// Texts, in characters: what Slack takes of a message at most.
const TEXT_LIMIT: usize = 40_000;

/// A row of the table and what is on a button.
const CELL_LIMIT: usize = 2000;

/// How many rows and buttons Slack shows.
const ROWS: usize = 100;

/// What is said, as a request without its place: whom it seems to come from, and one attachment.
pub(super) fn body(spec: &Spec, message: &Message<'_>) -> Result<Map<String, Value>, Setback> {
    let mut body = Map::new();
    let filled = |body: &mut Map<_, _>, key: &str, template: &Template, limit| {
        let text = message.text(template)?;
        if !text.is_empty() {
            body.insert(key.into(), limit::characters(&text, limit).into());
        }
        Ok::<_, Setback>(())
    };
    filled(&mut body, "channel", &spec.channel, TITLE_LIMIT)?;
    filled(&mut body, "username", &spec.username, TITLE_LIMIT)?;
    filled(&mut body, "icon_emoji", &spec.icon_emoji, TITLE_LIMIT)?;
    filled(&mut body, "icon_url", &spec.icon_url, CELL_LIMIT)?;
    if spec.link_names {
        body.insert("link_names".into(), true.into());
    }
    filled(&mut body, "text", &spec.message_text, TEXT_LIMIT)?;

    let mut attachment = Map::new();
    filled(&mut attachment, "title", &spec.title, TITLE_LIMIT)?;
    filled(&mut attachment, "title_link", &spec.title_link, CELL_LIMIT)?;
    filled(&mut attachment, "pretext", &spec.pretext, TEXT_LIMIT)?;
    // These are there though they are empty, as Alertmanager sends them.
    for (key, template) in
        [("text", &spec.text), ("fallback", &spec.fallback), ("callback_id", &spec.callback_id)]
    {
        let text = message.text(template)?;
        attachment.insert(key.into(), limit::characters(&text, TEXT_LIMIT).into());
    }
    if !spec.fields.is_empty() {
        attachment.insert("fields".into(), fields(spec, message)?);
    }
    if !spec.actions.is_empty() {
        let actions = spec.actions.iter().take(ROWS).map(|own| action(own, message));
        attachment.insert("actions".into(), actions.collect::<Result<Vec<_>, _>>()?.into());
    }
    filled(&mut attachment, "image_url", &spec.image_url, CELL_LIMIT)?;
    filled(&mut attachment, "thumb_url", &spec.thumb_url, CELL_LIMIT)?;
    attachment.insert("footer".into(), message.text(&spec.footer)?.into());
    filled(&mut attachment, "color", &spec.color, TITLE_LIMIT)?;
    let markup = match &spec.mrkdwn_in[..] {
        [] => json!(["fallback", "pretext", "text"]),
        own => own.into(),
    };
    attachment.insert("mrkdwn_in".into(), markup);
    body.insert("attachments".into(), Value::Array(vec![attachment.into()]));
    Ok(body)
}

fn fields(spec: &Spec, message: &Message<'_>) -> Result<Value, Setback> {
    let field = |field: &super::Field| {
        Ok(json!({
            "title": limit::characters(&message.text(&field.title)?, TITLE_LIMIT),
            "value": limit::characters(&message.text(&field.value)?, CELL_LIMIT),
            "short": field.short.unwrap_or(spec.short_fields),
        }))
    };
    spec.fields.iter().take(ROWS).map(field).collect::<Result<Vec<_>, Setback>>().map(Into::into)
}

fn action(action: &Action, message: &Message<'_>) -> Result<Value, Setback> {
    let mut button = Map::new();
    let leads_away = !action.url.is_empty();
    for (key, template) in action.texts() {
        // A button with a URL acts for itself: there is nobody to tell a name.
        if leads_away && matches!(key, "name" | "value") {
            continue;
        }
        put(&mut button, key, template, message)?;
    }
    if let Some(confirm) = action.confirm.as_ref().filter(|_| !leads_away) {
        button.insert("confirm".into(), confirmation(confirm, message)?);
    }
    Ok(button.into())
}

fn confirmation(confirm: &Confirmation, message: &Message<'_>) -> Result<Value, Setback> {
    let mut table = Map::new();
    for (key, template) in confirm.texts() {
        put(&mut table, key, template, message)?;
    }
    Ok(table.into())
}

fn put(
    table: &mut Map<String, Value>,
    key: &str,
    template: &Template,
    message: &Message<'_>,
) -> Result<(), Setback> {
    let text = message.text(template)?;
    if !text.is_empty() {
        table.insert(key.into(), limit::characters(&text, CELL_LIMIT).into());
    }
    Ok(())
}
