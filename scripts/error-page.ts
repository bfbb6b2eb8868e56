/** Writes docs/spec/errors.md from the registry of error codes: `node scripts/error-page.ts`. */
import { writeFileSync } from 'node:fs'
import { errorCodes } from '#std/error-codes.ts'

const rows = Object.entries(errorCodes).map(
  ([code, { family, text }]) => `| \`${code}\` | ${family} | ${text} |`,
)

const page = `# Error codes

One registry (\`src/std/error-codes.ts\`) says what peers, scripts and pages are told, and what people read. Codes are
never renamed nor reused; a code that a program does not know is treated by what it was refused for. Peers get the code
alone. The family decides what is done:

- **Malformed**: the bytes break the rules of the protocol. Drop them, lower the sender's score.
- **Rejected**: well formed, but refused. Asking again changes nothing.
- **Unavailable**: somebody or something cannot be reached now. Try again with backoff.
- **Fault**: our own bug or a broken store. Fail loudly.

This page is written by \`node scripts/error-page.ts\`.

| code | family | text |
|---|---|---|
${rows.join('\n')}
`

writeFileSync(new URL('../docs/spec/errors.md', import.meta.url), page)
