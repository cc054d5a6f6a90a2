//! A line protocol in the manner of SMTP: a greeting, and `221 bye` to `QUIT`.

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// The longest line read, in bytes (RFC 5321, 4.5.3.1.4).
const LINE: u64 = 512;

/// Serves one connection until `QUIT`, its end, or a line that is too long.
pub(super) async fn serve(stream: TcpStream) {
    // Whatever goes wrong is the client's going away: there is nobody left to tell.
    let _ = converse(stream).await;
}

async fn converse(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 noroshi demo\r\n").await?;
    loop {
        let mut line = Vec::new();
        (&mut stream).take(LINE).read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            return Ok(());
        }
        if line.trim_ascii().eq_ignore_ascii_case(b"QUIT") {
            stream.write_all(b"221 bye\r\n").await?;
            return stream.shutdown().await;
        }
        stream.write_all(b"500 unknown command\r\n").await?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ports, start};
    use super::*;

    #[tokio::test]
    async fn greets_answers_and_says_goodbye() {
        let demo = start(&Ports::FREE).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", demo.ports().tcp)).await.unwrap();
        stream.write_all(b"EHLO x\r\nquit\r\n").await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "220 noroshi demo\r\n500 unknown command\r\n221 bye\r\n");
    }

    #[tokio::test]
    async fn a_line_without_end_ends_the_connection() {
        let demo = start(&Ports::FREE).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", demo.ports().tcp)).await.unwrap();
        stream.write_all(&[b'x'; 512]).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "220 noroshi demo\r\n");
    }
}
