/** A choice of this browser, such as its theme; null where none was made, or none can be kept. */
export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`millrace-${name}`);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
    return null;
  }
}

export function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`millrace-${name}`);
    else localStorage.setItem(`millrace-${name}`, value);
  } catch {
    // As above.
  }
}
