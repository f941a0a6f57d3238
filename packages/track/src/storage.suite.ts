/** As a browser's: its names are its own keys; it may be full, or forbidden. */
export class StorageOfTests implements Storage {
  declare refusing: 'full' | 'forbidden' | undefined;
  [name: string]: unknown;

  constructor() {
    Object.defineProperty(this, 'refusing', { value: undefined, writable: true });
  }

  get length(): number {
    return Object.keys(this).length;
  }
  clear(): void {
    for (const name of Object.keys(this)) delete this[name];
  }
  getItem(name: string): string | null {
    if (this.refusing === 'forbidden') throw new DOMException('forbidden', 'SecurityError');
    const value = Object.getOwnPropertyDescriptor(this, name)?.value;
    return typeof value === 'string' ? value : null;
  }
  key(at: number): string | null {
    return Object.keys(this)[at] ?? null;
  }
  removeItem(name: string): void {
    if (this.refusing === 'forbidden') throw new DOMException('forbidden', 'SecurityError');
    delete this[name];
  }
  setItem(name: string, value: string): void {
    if (this.refusing === 'forbidden') throw new DOMException('forbidden', 'SecurityError');
    if (this.refusing === 'full') throw new DOMException('full', 'QuotaExceededError');
    this[name] = value;
  }
}
