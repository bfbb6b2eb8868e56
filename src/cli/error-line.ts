import { familyOf, type ParatiiError, textOf } from '#std/error.ts'

/** An error as a person reads it: one line that says what happened, what to do, and the facts. */
export const describeError = ({ code, details }: ParatiiError): string => {
  const { advice, ...facts } = details
  const listed = Object.entries(facts)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
  const parts = [textOf(code), ...(typeof advice === 'string' ? [advice] : [])]
  const line = `${parts.join(' ')}${listed.length > 0 ? ` (${listed.join('; ')})` : ''}`
  return line.replace(/\s+/g, ' ')
}

/** The same as one line of JSON for scripts. */
export const encodeError = ({ code, details }: ParatiiError): string =>
  JSON.stringify({ error: { code, family: familyOf(code), text: textOf(code), details } })
