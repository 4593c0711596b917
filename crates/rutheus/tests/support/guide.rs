// What the examples of the guide are tried with; included in them.

/// The answer to a GET.
#[allow(dead_code, reason = "each example uses a part")]
fn fetch(address: impl std::net::ToSocketAddrs, path: &str) -> std::io::Result<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The URL of a Pushgateway, and the request that it gets, up to `end`.
#[allow(dead_code, reason = "each example uses a part")]
fn gateway(end: &'static str) -> std::io::Result<(String, std::thread::JoinHandle<String>)> {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let request = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut request = String::new();
        while !request.ends_with(end) {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "{request}");
            request += std::str::from_utf8(&buffer[..read]).unwrap();
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        request
    });
    Ok((url, request))
}
