/** `docs/reference/README.md`: what there is to look up. */
export const indexPage = (): string => `# Reference

Made from the code, and checked against it by \`npm test\`.

- [The definition](definition.md): events, properties, rollups, measures, windows, alerts
- [The HTTP interface](http.md), which each pipeline also says of itself at \`/openapi.json\`
- [The command](command.md): \`millrace\` and all its options
- [Settings](settings.md): flags, environment variables, the settings file
- [Tables](tables.md): what can be asked in SQL
- [Metrics](metrics.md), as Prometheus reads them
- [Errors](errors.md): every code, and what to do
`;
