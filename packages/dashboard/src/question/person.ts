/** What tells one person, or one visit, from another. */
export const personFields = ['user_id', 'anonymous_id', 'session_id'] as const;
export type PersonField = (typeof personFields)[number];

export const readPer = (params: URLSearchParams): PersonField =>
  personFields.find((field) => field === params.get('per')) ?? 'user_id';
