import type { KeptValues } from './kept-values.ts';

export interface Consent {
  /** Whether anything may be stored or sent. */
  readonly given: boolean;
  /** Remembers what the visitor decided. */
  decide(given: boolean): void;
}

export interface ConsentOptions {
  readonly kept: KeptValues;
  /** Whether nothing may happen before the visitor said yes. */
  readonly required: boolean;
  /** The visitor's browser said no for them. No `decide` overrules it. */
  readonly objected: boolean;
}

export const createConsent = ({ kept, required, objected }: ConsentOptions): Consent => ({
  get given() {
    const decided = kept.get('consent');
    return !objected && (required ? decided === 'given' : decided !== 'refused');
  },
  decide(given) {
    if (!given || !objected) kept.set('consent', given ? 'given' : 'refused');
  },
});

/** Global Privacy Control and Do Not Track. https://www.w3.org/TR/gpc/ */
export const objects = (browser: {
  readonly globalPrivacyControl?: unknown;
  readonly doNotTrack?: string | null;
}): boolean => browser.globalPrivacyControl === true || browser.doNotTrack === '1';
