//! Relative paths, as Alertmanager resolves them: those of templates, of HTTP clients and of the event recorder are below the
//! folder of the file; all other files are relative to where the process runs.

use super::file::{File, Receiver};
use crate::compat::client::{Client, join};

/// Puts the folder before every path that is relative to it.
pub(super) fn resolve(file: &mut File, folder: &str) {
    for glob in &mut file.templates {
        join(folder, glob);
    }
    if let Some(client) = file.global.as_mut().and_then(|own| own.http_config.as_mut()) {
        client.set_folder(folder);
    }
    for receiver in &mut file.receivers {
        for client in clients(receiver).into_iter().flatten() {
            client.set_folder(folder);
        }
    }
    for output in &mut file.event_recorder.file_outputs {
        join(folder, &mut output.path);
    }
    for output in &mut file.event_recorder.webhook_outputs {
        if let Some(client) = &mut output.http_config {
            client.set_folder(folder);
        }
    }
    for output in &mut file.event_recorder.kafka_outputs {
        if let Some(tls) = &mut output.tls_config {
            tls.set_folder(folder);
        }
    }
}

/// The clients of a receiver. Those of incident.io are not among them: Alertmanager forgets them here.
fn clients(receiver: &mut Receiver) -> Vec<Option<&mut Client>> {
    macro_rules! every {
        ($($list:ident)+) => {{
            let mut clients = Vec::new();
            $(clients.extend(receiver.$list.iter_mut().flatten().map(|own| own.http_config.as_mut()));)+
            clients
        }};
    }
    every!(
        discord_configs pagerduty_configs slack_configs webhook_configs opsgenie_configs wechat_configs
        pushover_configs victorops_configs sns_configs telegram_configs webex_configs msteams_configs
        msteamsv2_configs jira_configs rocketchat_configs mattermost_configs
    )
}
