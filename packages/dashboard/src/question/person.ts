import { type PersonField, personFields } from '../../../millrace/dist/define/person.js';

export { type PersonField, personFields };

export const readPer = (params: URLSearchParams): PersonField =>
  personFields.find((field) => field === params.get('per')) ?? 'user_id';
