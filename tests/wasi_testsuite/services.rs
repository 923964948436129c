//! The suite's programs that serve HTTP, as functions of a server, and the servers that they call.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Program;
use crate::harness::Server;

/// A server that answers as the suite says.
struct Upstream {
    address: String,
}

impl Upstream {
    fn start(spec: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it is bound").to_string();
        // One that is closed is where nobody listens: the port is free again.
        if spec["kind"] != "closed" {
            let endpoints = Arc::new(spec["endpoints"].as_array().cloned().unwrap_or_default());
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let endpoints = endpoints.clone();
                    // A client that breaks off is no news.
                    std::thread::spawn(move || answer(BufReader::new(stream), &endpoints));
                }
            });
        }
        Self { address }
    }
}

/// A request, as it came.
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    trailers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(from: &mut impl BufRead) -> std::io::Result<Self> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let headers = fields(from)?;
        let header =
            |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let (mut body, mut trailers) = (Vec::new(), Vec::new());
        if header("transfer-encoding") == Some("chunked") {
            loop {
                let mut size = String::new();
                from.read_line(&mut size)?;
                let size = u64::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
                if size == 0 {
                    trailers = fields(from)?;
                    break;
                }
                from.by_ref().take(size).read_to_end(&mut body)?;
                from.read_line(&mut String::new())?;
            }
        } else if let Some(length) = header("content-length") {
            let length = length.parse().map_err(std::io::Error::other)?;
            from.by_ref().take(length).read_to_end(&mut body)?;
        }
        Ok(Self { method, path, headers, trailers, body })
    }

    /// What the suite wants to see of a request in an answer's headers.
    fn echoed(&self) -> Vec<(String, String)> {
        let line = [("x-request-method", &self.method), ("x-request-path", &self.path)];
        let line = line.map(|(name, value)| (name.to_owned(), value.clone()));
        let prefixed = |prefix: &'static str, fields: &[(String, String)]| {
            let prefixed = fields.iter().map(move |(name, value)| (format!("{prefix}{name}"), value.clone()));
            prefixed.collect::<Vec<_>>()
        };
        let headers = prefixed("x-echo-", &self.headers);
        line.into_iter().chain(headers).chain(prefixed("x-trailer-", &self.trailers)).collect()
    }
}

/// Fields up to the empty line, their names in small letters.
fn fields(from: &mut impl BufRead) -> std::io::Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => fields.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => return Ok(fields),
        }
    }
}

fn texts(object: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    object.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn answer(mut stream: BufReader<TcpStream>, endpoints: &[Value]) -> std::io::Result<()> {
    let request = Request::read(&mut stream)?;
    let fits = |endpoint: &&Value| endpoint["method"] == *request.method && endpoint["path"] == *request.path;
    let (mut status, mut headers, mut body) = (200, Vec::new(), Vec::new());
    match endpoints.iter().find(fits) {
        None => status = 404,
        Some(endpoint) if endpoint["mode"] == "echo-body" => body = framed(&request.body, &mut headers),
        Some(endpoint) if endpoint["mode"] == "echo-headers" => headers = request.echoed(),
        Some(endpoint) => {
            let response = &endpoint["response"];
            status = response["status"].as_u64().unwrap_or(200);
            headers = texts(&response["headers"]);
            body = match response["chunks"].as_array() {
                Some(chunks) => chunked(chunks, &texts(&response["trailers"]), &mut headers),
                None => framed(response["body"].as_str().unwrap_or_default().as_bytes(), &mut headers),
            };
        }
    }
    if !headers.iter().any(|(name, _)| name == "content-length" || name == "transfer-encoding") {
        headers.push(("content-length".into(), "0".into()));
    }
    let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {status} Said\r\n{fields}connection: close\r\n\r\n");
    stream.get_mut().write_all(head.as_bytes())?;
    if request.method == "HEAD" { Ok(()) } else { stream.get_mut().write_all(&body) }
}

fn framed(body: &[u8], headers: &mut Vec<(String, String)>) -> Vec<u8> {
    headers.push(("content-length".into(), body.len().to_string()));
    body.to_vec()
}

fn chunked(chunks: &[Value], trailers: &[(String, String)], headers: &mut Vec<(String, String)>) -> Vec<u8> {
    headers.push(("transfer-encoding".into(), "chunked".into()));
    if !trailers.is_empty() {
        let names: Vec<_> = trailers.iter().map(|(name, _)| name.as_str()).collect();
        headers.push(("trailer".into(), names.join(", ")));
    }
    let mut body = String::new();
    for chunk in chunks.iter().filter_map(Value::as_str) {
        body.push_str(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    body.push_str("0\r\n");
    trailers.iter().for_each(|(name, value)| body.push_str(&format!("{name}: {value}\r\n")));
    (body + "\r\n").into_bytes()
}

/// Whether a program serves what it is to serve; what it does instead, if not.
pub(super) fn outcome(program: &Program, server: &Server) -> Result<(), String> {
    let admin = server.admin();
    let uploaded = admin.put("/v1/functions/service", std::fs::read(&program.file).expect("it is there"));
    if !matches!(uploaded.status, 200 | 201) {
        return Err(uploaded.body.to_string());
    }
    let (mut env, mut egress) = (serde_json::Map::new(), Vec::new());
    for spec in program.spec["servers"].as_array().into_iter().flatten() {
        let upstream = Upstream::start(spec);
        let name = spec["name"].as_str().expect("a name").to_uppercase();
        egress.push(json!(format!("http://{}", upstream.address)));
        env.insert(format!("HTTP_SERVER_{name}"), json!(upstream.address));
    }
    let settings = json!({"http": {"access": "public"}, "env": env, "grants": {"egress": egress}});
    admin.patch("/v1/functions/service", &json!({"settings": settings})).data(200);
    for request in program.operations().iter().filter(|operation| operation["type"] == "request") {
        let headers = texts(&request["headers"]);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let path = format!("/f/admin/service{}", request["path"].as_str().expect("a path"));
        let body = request["body"].as_str().unwrap_or_default();
        let answer = server.anon().send(request["method"].as_str().expect("a method"), &path, body, &headers);
        let wanted = &request["response"];
        if wanted["status"].as_u64().is_some_and(|status| status != u64::from(answer.status)) {
            let jobs = admin.get("/v1/jobs?limit=1").data(200);
            let job = jobs["items"][0]["jobId"].as_str().unwrap_or_default().to_owned();
            let log = admin.get(&format!("/v1/jobs/{job}/logs")).body;
            return Err(format!("{path}: {} {} {log}", answer.status, answer.body));
        }
        for (name, value) in texts(&wanted["headers"]) {
            let given = answer.headers.get(&name).and_then(|given| given.to_str().ok());
            if given != Some(&value) {
                return Err(format!("{path}: {name} is {given:?}"));
            }
        }
        if wanted["body"].as_str().is_some_and(|body| answer.body != body) {
            return Err(format!("{path}: it said {}", answer.body));
        }
    }
    Ok(())
}
