const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Where a value lies: its first byte, and the one past its last. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

/**
 * Finds the elements of the array that starts at `from`, without reading them.
 * The bytes must be valid JSON, apart from what is inside strings.
 */
export function elementSlices(bytes: Uint8Array, from: number): Slice[] {
  const slices: Slice[] = [];
  let at = skipSpace(bytes, from + 1);
  while (at < bytes.length && bytes[at] !== closeBracket) {
    const to = endOfValue(bytes, at);
    slices.push({ from: at, to });
    at = skipSpace(bytes, to);
    if (bytes[at] === comma) at = skipSpace(bytes, at + 1);
  }
  return slices;
}

/** Where the value of a name of the object that starts at `from` begins; of the last one, if it comes twice. */
export function memberStart(bytes: Uint8Array, from: number, name: string): number | null {
  let found: number | null = null;
  let at = skipSpace(bytes, from + 1);
  while (at < bytes.length && bytes[at] !== closeBrace) {
    const endOfName = endOfValue(bytes, at);
    const text = Buffer.from(bytes.subarray(at, endOfName)).toString();
    at = skipSpace(bytes, endOfName);
    if (bytes[at] === colon) at = skipSpace(bytes, at + 1);
    if (JSON.parse(text) === name) found = at;
    at = skipSpace(bytes, endOfValue(bytes, at));
    if (bytes[at] === comma) at = skipSpace(bytes, at + 1);
  }
  return found;
}

export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function endOfValue(bytes: Uint8Array, from: number): number {
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === quote) {
      at = endOfString(bytes, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      // The end of what a bare number or word lies in.
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === comma || byte === colon || isSpace(byte))) return at;
    at += 1;
  }
  return at;
}

function endOfString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at + 1;
}
