export * from './define/property.ts';
