// Headers, Request, Response, fetch, and the least of ReadableStream that bodies need.
const normal = (name) => {
  const text = `${name}`.toLowerCase();
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(text)) throw new TypeError(`${name} is no name of a header`);
  return text;
};

class Headers {
  #pairs = [];
  constructor(init = []) {
    const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }
  append(name, value) {
    this.#pairs.push([normal(name), `${value}`.trim()]);
  }
  delete(name) {
    this.#pairs = this.#pairs.filter((pair) => pair[0] !== normal(name));
  }
  get(name) {
    const values = this.#pairs.filter((pair) => pair[0] === normal(name)).map((pair) => pair[1]);
    return values.length ? values.join(", ") : null;
  }
  getSetCookie() {
    return this.#pairs.filter((pair) => pair[0] === "set-cookie").map((pair) => pair[1]);
  }
  has(name) {
    return this.get(name) !== null;
  }
  set(name, value) {
    this.delete(name);
    this.append(name, value);
  }
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }
  *entries() {
    const names = [...new Set(this.#pairs.map((pair) => pair[0]))].sort();
    for (const name of names) {
      if (name === "set-cookie") for (const value of this.getSetCookie()) yield [name, value];
      else yield [name, this.get(name)];
    }
  }
  *keys() {
    for (const [name] of this) yield name;
  }
  *values() {
    for (const [, value] of this) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}

// A stream of what `pull` gives, until it closes; or of any iterable.
class ReadableStream {
  #chunks = [];
  #closed = false;
  #error;
  #source;
  #started;
  constructor(source = {}) {
    this.#source = source;
    const controller = {
      enqueue: (chunk) => void this.#chunks.push(chunk),
      close: () => void (this.#closed = true),
      error: (error) => void (this.#error = { error }),
    };
    this.controller = controller;
    this.#started = source.start?.(controller);
  }
  static from(iterable) {
    const iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]();
    return new ReadableStream({
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (why) => iterator.return?.(why),
    });
  }
  async #read() {
    await this.#started;
    // One that enqueues by itself, by a timer, is asked again after a moment.
    while (!this.#chunks.length && !this.#closed && !this.#error) {
      if (this.#source.pull) await this.#source.pull(this.controller);
      else await new Promise((later) => setTimeout(later, 1));
    }
    if (this.#error) throw this.#error.error;
    return this.#chunks.length ? { value: this.#chunks.shift(), done: false } : { value: undefined, done: true };
  }
  getReader() {
    return { read: () => this.#read(), releaseLock() {}, cancel: (why) => this.cancel(why) };
  }
  async cancel(why) {
    this.#closed = true;
    this.#chunks = [];
    await this.#source.cancel?.(why);
  }
  async *[Symbol.asyncIterator]() {
    for (let part = await this.#read(); !part.done; part = await this.#read()) yield part.value;
  }
}

const bytesOf = (chunk) => {
  if (typeof chunk === "string") return skep.encode(chunk.toWellFormed());
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError("a body is text, bytes, a stream or an iterable of these");
};

const joined = (chunks) => {
  if (chunks.length === 1) return chunks[0];
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
};

// What a message says, once.
class Body {
  #content;
  #used = false;
  constructor(content, headers) {
    this.#content = content ?? null;
    if (headers.has("content-type")) return;
    if (typeof content === "string") headers.set("content-type", "text/plain;charset=UTF-8");
    if (content instanceof URLSearchParams) headers.set("content-type", "application/x-www-form-urlencoded;charset=UTF-8");
  }
  get body() {
    const content = this.#content;
    if (content === null || content instanceof ReadableStream) return content;
    this.#content = ReadableStream.from(this.#whole() ? [this.#whole()] : content);
    return this.#content;
  }
  get bodyUsed() {
    return this.#used;
  }
  // All of it, where it is there already.
  #whole() {
    const content = this.#content;
    if (content instanceof URLSearchParams) return skep.encode(content.toString());
    const isBytes = typeof content === "string" || content instanceof ArrayBuffer || ArrayBuffer.isView(content);
    return isBytes ? bytesOf(content) : null;
  }
  // Its bytes, or an iterable of chunks; for whoever sends it.
  take() {
    if (this.#used) throw new TypeError("the body was read already");
    this.#used = true;
    if (this.#content === null) return new Uint8Array();
    return this.#whole() ?? this.body;
  }
  async bytes() {
    const content = this.take();
    if (content instanceof Uint8Array) return content;
    const chunks = [];
    for await (const chunk of content) chunks.push(bytesOf(chunk));
    return joined(chunks);
  }
  async arrayBuffer() {
    const bytes = await this.bytes();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
  async text() {
    const text = skep.decode(await this.bytes(), false);
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
  // The body for a copy: what is whole is shared, a stream is read once and told twice.
  tee() {
    if (this.#used) throw new TypeError("the body was read already");
    const content = this.#content;
    if (content === null || this.#whole()) return content;
    const chunks = [];
    const source = this.body[Symbol.asyncIterator]();
    let next = Promise.resolve();
    const told = async function* () {
      for (let at = 0; ; at += 1) {
        next = next.then(async () => at < chunks.length || chunks.push(await source.next()));
        await next;
        if (chunks[at].done) return;
        yield chunks[at].value;
      }
    };
    this.#content = ReadableStream.from(told());
    return ReadableStream.from(told());
  }
  async json() {
    return JSON.parse(await this.text());
  }
}

class Request extends Body {
  constructor(input, init = {}) {
    const from = input instanceof Request ? input : null;
    const headers = new Headers(init.headers ?? from?.headers ?? []);
    super(init.body ?? (from && init.body === undefined ? from.#taken(init) : null), headers);
    this.url = from ? from.url : skep.parseUrl(`${input}`);
    const method = `${init.method ?? from?.method ?? "GET"}`;
    this.method = /^(get|head|post|put|delete|options|patch)$/i.test(method) ? method.toUpperCase() : method;
    this.headers = headers;
    this.redirect = init.redirect ?? from?.redirect ?? "follow";
    if (init.body != null && (this.method === "GET" || this.method === "HEAD")) {
      throw new TypeError(`a ${this.method} request has no body`);
    }
  }
  // The body of a request that another one is made of: it is that one's from now on.
  #taken({ keeps }) {
    if (keeps || this.body === null) return keeps ?? null;
    return this.take();
  }
  clone() {
    return new Request(this, { keeps: this.tee() });
  }
}

class Response extends Body {
  constructor(body = null, init = {}) {
    const headers = new Headers(init.headers ?? []);
    super(body, headers);
    this.status = init.status ?? 200;
    if (!Number.isInteger(this.status) || this.status < 100 || this.status > 599) throw new RangeError(`${init.status} is no status`);
    this.statusText = init.statusText ?? "";
    this.headers = headers;
    this.url = init.url ?? "";
    this.redirected = init.redirected ?? false;
  }
  clone() {
    const { status, statusText, headers, url, redirected } = this;
    return new Response(this.tee(), { status, statusText, headers, url, redirected });
  }
  get ok() {
    return this.status >= 200 && this.status <= 299;
  }
  static json(value, init = {}) {
    const headers = new Headers(init.headers ?? []);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(JSON.stringify(value), { ...init, headers });
  }
  static redirect(url, status = 302) {
    return new Response(null, { status, headers: { location: `${url}` } });
  }
}

const REDIRECTS_MAX = 20;

const chunksOf = (next) =>
  new ReadableStream({
    async pull(controller) {
      const chunk = await next();
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
  });

const fetch = async (input, init) => {
  let request = new Request(input, init);
  for (let redirects = 0; ; redirects += 1) {
    const sent = await request.bytes();
    const answer = await skep.send(request.method, request.url, [...request.headers], sent);
    const headers = new Headers(answer.headers);
    const location = headers.get("location");
    const isRedirect = [301, 302, 303, 307, 308].includes(answer.status) && location !== null;
    if (!isRedirect || request.redirect === "manual") {
      const { status } = answer;
      return new Response(chunksOf(answer.next), { status, headers, url: request.url, redirected: redirects > 0 });
    }
    if (request.redirect === "error") throw new TypeError(`${request.url} redirects`);
    if (redirects >= REDIRECTS_MAX) throw new TypeError(`more than ${REDIRECTS_MAX} redirects`);
    const url = new URL(location, request.url);
    // 303 asks for another method, and so do 301 and 302 of a POST, as browsers have it.
    const isOther = answer.status === 303 && !["GET", "HEAD"].includes(request.method);
    const keeps = !isOther && !([301, 302].includes(answer.status) && request.method === "POST");
    const next = new Headers(request.headers);
    // What is meant for one host is not for another.
    if (url.origin !== new URL(request.url).origin) for (const name of ["authorization", "cookie"]) next.delete(name);
    if (!keeps) for (const name of ["content-type", "content-length", "content-encoding", "content-language", "content-location"]) next.delete(name);
    const body = keeps && sent.length ? sent : undefined;
    request = new Request(url, { method: keeps ? request.method : "GET", headers: next, body });
  }
};

// For the side that serves: makes a request of what came, and sends what the handler answers.
skep.serve = async (handler, method, url, headers, next, send) => {
  const hasBody = method !== "GET" && method !== "HEAD";
  const request = new Request(url, { method, headers });
  const given = hasBody ? new Request(url, { method, headers, body: chunksOf(next) }) : request;
  const response = await handler(given);
  if (!(response instanceof Response)) throw new TypeError("the handler must answer with a Response");
  const body = response.take();
  const write = send(response.status, [...response.headers], body instanceof Uint8Array ? body : undefined);
  if (!(body instanceof Uint8Array)) for await (const chunk of body) await write(bytesOf(chunk));
};
return { Headers, Request, Response, ReadableStream, fetch };
