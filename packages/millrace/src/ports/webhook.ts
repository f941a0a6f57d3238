export interface WebhookCall {
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface Webhook {
  /**
   * Resolves with the status it was answered with. Redirects are answers, too:
   * what is signed for one receiver goes to no other.
   *
   * @throws Error if there was no answer in time.
   */
  post(call: WebhookCall): Promise<number>;
}
