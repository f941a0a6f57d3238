/** What events say they were sent by. */
export const library = { name: '@millrace/track', version: '0.1.0' };
