/** What tells one person, or one visit, from another; events without it are about nobody. */
export type PersonField = 'user_id' | 'anonymous_id' | 'session_id';

export const personFields: readonly PersonField[] = ['user_id', 'anonymous_id', 'session_id'];
