use super::{Client, Tls};
use crate::compat::{decode::Text, go_path::joined};

impl Client {
    /// Relative files are below the folder of the configuration.
    pub(in crate::compat) fn set_folder(&mut self, folder: &str) {
        self.tls_config.set_folder(folder);
        if let Some(own) = &mut self.basic_auth {
            join(folder, &mut own.username_file);
            join(folder, &mut own.password_file);
        }
        if let Some(own) = &mut self.authorization {
            join(folder, &mut own.credentials_file);
        }
        if let Some(own) = &mut self.oauth2 {
            join(folder, &mut own.client_secret_file);
            own.tls_config.set_folder(folder);
        }
        for (_, header) in self.http_headers.iter_mut().flat_map(|own| &mut own.0.0) {
            for file in &mut header.files {
                join(folder, file);
            }
        }
    }
}

impl Tls {
    /// Relative files are below the folder of the configuration.
    pub(in crate::compat) fn set_folder(&mut self, folder: &str) {
        for file in [&mut self.ca_file, &mut self.cert_file, &mut self.key_file] {
            join(folder, file);
        }
    }
}

/// A relative path becomes one below the folder.
pub(in crate::compat) fn join(folder: &str, file: &mut Text) {
    *file = Text(joined(folder, &file.lossy()).into_bytes());
}
