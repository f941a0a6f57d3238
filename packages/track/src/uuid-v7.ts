let lastMs = 0;
let made = 0;

/**
 * A UUID version 7 (RFC 9562). Those of one page sort as they were made: the 12
 * bits after the time count. Not `crypto.randomUUID`, which pages without TLS do
 * not have.
 */
export function uuidV7(nowMs: number): string {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    made = 0;
  } else if (made === 0x1000) {
    lastMs += 1;
    made = 0;
  }
  const count = hex(made++, 3);
  const random = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => hex(byte, 2));
  const variant = '89ab'[Number.parseInt(random[0] ?? '0', 16) & 3];
  const tail = random.slice(1).join('');
  const time = hex(lastMs, 12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${variant}${tail.slice(0, 3)}-${tail.slice(4)}`;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
