/* Small servers for the tests: one that only hands out files, and a proxy that writes down
 * every address that the browser asks for and lets none but 127.0.0.1 through. */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.json': 'application/json', '.jpg': 'image/jpeg',
  '.mp4': 'video/mp4', '.mov': 'video/quicktime',
};

function listen(server) {
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
}

/* As dumb as a bucket: files, ranges, no languages, no headers of ours. */
export async function dumbServer(root) {
  const server = http.createServer((request, response) => {
    const name = path.join(root, decodeURIComponent(request.url.split('?')[0]));
    let size;
    try {
      size = fs.statSync(name).isFile() && fs.statSync(name).size;
    } catch { /* answered below */ }
    if (!size) {
      response.writeHead(404).end();
      return;
    }
    const head = { 'Content-Type': TYPES[path.extname(name)] ?? 'text/plain',
      'Accept-Ranges': 'bytes', 'Content-Length': size };
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (!range) {
      response.writeHead(200, head);
      fs.createReadStream(name).pipe(response);
      return;
    }
    const from = Number(range[1]);
    const to = range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
    head['Content-Length'] = to - from + 1;
    head['Content-Range'] = `bytes ${from}-${to}/${size}`;
    response.writeHead(206, head);
    fs.createReadStream(name, { start: from, end: to }).pipe(response);
  });
  const port = await listen(server);
  return { base: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

export async function loggingProxy() {
  const asked = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url);
    const url = new URL(request.url, 'http://nowhere.invalid/');
    if (url.hostname !== '127.0.0.1') {
      response.writeHead(502).end();
      return;
    }
    const onward = http.request({ host: url.hostname, port: url.port, method: request.method,
      path: url.pathname + url.search, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    /* A browser that was refused may hang up first. */
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.on('clientError', (error, socket) => socket.destroy());
  const port = await listen(server);
  return { address: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
}
