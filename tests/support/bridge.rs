//! Peers behind a Unix socket: whatever misbehaves over TCP does so there too.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpStream, UnixListener},
    task::{AbortHandle, JoinSet},
};

use super::Peer;

/// A Unix socket whose connections are those of a peer. It ends when dropped.
pub struct Bridge {
    path: PathBuf,
    task: Option<AbortHandle>,
    _folder: TempDir,
}

impl Bridge {
    /// In front of a peer.
    pub fn to(peer: &Peer) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), peer.address());
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                open.spawn(async move {
                    let Ok(mut far) = TcpStream::connect(address).await else { return };
                    // A reset ends it; a Unix socket has no such thing, so that the client sees the end.
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
                while open.try_join_next().is_some() {}
            }
        });
        Self { path, task: Some(task.abort_handle()), _folder: folder }
    }

    /// In front of nobody: there is no socket.
    pub fn nowhere() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("socket"), task: None, _folder: folder }
    }

    /// The socket.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
