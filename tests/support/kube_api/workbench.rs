//! A server in a process of its own, which is told over its standard input what to do: for measurements.

use tokio::io::{AsyncBufReadExt, BufReader};

use super::{KubeApi, pods};

/// The first argument of such a process; the second is the count of pods.
pub const ARGUMENT: &str = "kube-api";

/// [`serve`], as the arguments say.
pub async fn serve_arguments() -> std::io::Result<()> {
    let count = std::env::args().nth(2).and_then(|text| text.parse().ok());
    serve(count.unwrap_or(10_000)).await
}

/// Serves so many pods until its standard input closes. Prints the server's URL first, then an answer to each line:
/// `touch N` changes N pods, each time the next ones, `remove N` deletes the last ones that are there, `add N` brings
/// them back, `expire`, `cut`, `end` (all watches), `counts` (requests as JSON), `lists` (the most at once), `watches`.
pub async fn serve(count: usize) -> std::io::Result<()> {
    let server = KubeApi::start().await;
    server.put_pods(count);
    println!("{}", server.url());
    let mut desk = Desk { server, count, there: count, touched: 0 };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        println!("{}", desk.obey(&line));
    }
    Ok(())
}

struct Desk {
    server: KubeApi,
    count: usize,
    /// How many have not been removed.
    there: usize,
    touched: usize,
}

impl Desk {
    fn obey(&mut self, line: &str) -> String {
        let (word, number) = line.split_once(' ').unwrap_or((line, "1"));
        let Ok(number) = number.parse::<usize>() else { return format!("no number: {number}") };
        match word {
            "touch" => self.touch(number),
            "add" => self.add(number),
            "remove" => self.remove(number),
            "expire" => self.server.expire(),
            "cut" => self.server.cut(),
            "end" => self.server.end_watches(None),
            "counts" => return self.counts(),
            "lists" => return self.server.most_lists_at_once().to_string(),
            "watches" => return self.server.watches(None).to_string(),
            _ => return format!("not understood: {line}"),
        }
        "done".to_owned()
    }

    fn counts(&self) -> String {
        let counts = self.server.counts();
        let rows = counts.iter().map(|((verb, path), count)| (format!("{verb} {path}"), *count));
        rows.collect::<serde_json::Value>().to_string()
    }

    fn touch(&mut self, number: usize) {
        // None if there is none.
        for _ in 0..number.min(self.there.saturating_mul(number)) {
            let (namespace, name) = pods::key(self.touched % self.there);
            self.server.touch("pods", &namespace, &name);
            self.touched += 1;
        }
    }

    fn remove(&mut self, number: usize) {
        for _ in 0..number.min(self.there) {
            self.there -= 1;
            let (namespace, name) = pods::key(self.there);
            self.server.delete("pods", &namespace, &name);
        }
    }

    fn add(&mut self, number: usize) {
        let end = self.count.min(self.there + number);
        let range = (self.there..end, self.count);
        self.server.put_generated("pods", range, pods::key, pods::pod);
        self.there = end;
    }
}
