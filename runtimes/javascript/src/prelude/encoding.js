// Texts and bytes, base64, random numbers.
class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(text = "") {
    return skep.encode(String(text).toWellFormed());
  }
  encodeInto(text, into) {
    let read = 0;
    let written = 0;
    // Only whole characters.
    for (const letter of String(text).toWellFormed()) {
      const bytes = skep.encode(letter);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      read += letter.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

const bytesOf = (data) => {
  if (data === undefined) return new Uint8Array();
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
};

class TextDecoder {
  #fatal;
  #left = new Uint8Array();
  #ignoreBOM;
  #begun = false;
  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!["utf-8", "utf8", "unicode-1-1-utf-8"].includes(String(label).toLowerCase())) {
      throw new RangeError(`the encoding ${label} is not there; utf-8 is`);
    }
    this.#fatal = fatal;
    this.#ignoreBOM = ignoreBOM;
  }
  get encoding() {
    return "utf-8";
  }
  get fatal() {
    return this.#fatal;
  }
  decode(data, { stream = false } = {}) {
    const bytes = bytesOf(data);
    const all = new Uint8Array(this.#left.length + bytes.length);
    all.set(this.#left);
    all.set(bytes, this.#left.length);
    // What may be the beginning of a character waits for the rest.
    let end = all.length;
    if (stream) {
      let begin = end - 1;
      while (begin >= 0 && end - begin < 4 && (all[begin] & 0xc0) === 0x80) begin -= 1;
      const length = all[begin] >= 0xf0 ? 4 : all[begin] >= 0xe0 ? 3 : all[begin] >= 0xc0 ? 2 : 1;
      if (begin >= 0 && begin + length > end) end = begin;
    }
    this.#left = all.slice(end);
    const text = skep.decode(all.slice(0, end), this.#fatal);
    // A mark at the very beginning is none of the text.
    const begins = !this.#begun && text.length > 0;
    this.#begun = stream && (this.#begun || begins);
    return begins && !this.#ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const btoa = (text) => {
  const bytes = Array.from(String(text), (letter) => letter.charCodeAt(0));
  if (bytes.some((byte) => byte > 255)) throw new TypeError("btoa takes characters up to 255");
  let base64 = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [one, two = 0, three = 0] = bytes.slice(at, at + 3);
    const four = [one >> 2, ((one & 3) << 4) | (two >> 4), ((two & 15) << 2) | (three >> 6), three & 63];
    const kept = Math.min(bytes.length - at, 3) + 1;
    base64 += four.map((digit, place) => (place < kept ? ALPHABET[digit] : "=")).join("");
  }
  return base64;
};

const atob = (base64) => {
  const digits = String(base64).replace(/[\t\n\f\r ]/g, "").replace(/={1,2}$/, "");
  if (/[^A-Za-z0-9+/]/.test(digits) || digits.length % 4 === 1) throw new TypeError("atob takes base64");
  let text = "";
  let held = 0;
  let bits = 0;
  for (const digit of digits) {
    held = ((held << 6) | ALPHABET.indexOf(digit)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      text += String.fromCharCode((held >> bits) & 255);
    }
  }
  return text;
};

const crypto = {
  getRandomValues(into) {
    if (into.byteLength > 65536) throw new RangeError("65536 bytes at most");
    bytesOf(into).set(skep.random(into.byteLength));
    return into;
  },
  randomUUID() {
    const bytes = skep.random(16);
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  },
};
return { TextEncoder, TextDecoder, atob, btoa, crypto };
