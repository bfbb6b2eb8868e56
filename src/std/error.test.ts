import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorFrom, failed, familyOf, isErrorCode, orThrow, ParatiiError, textOf } from './error.ts'
import { type ErrorCode, errorCodes } from './error-codes.ts'
import { ok } from './result.ts'

const codes = Object.keys(errorCodes).filter(isErrorCode)

describe('the registry of errors', () => {
  it.each(codes)('%s is a word of lowercase letters, and has a sentence for people', code => {
    expect(code).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
    expect(code.length).toBeLessThanOrEqual(64)
    expect(textOf(code)).toMatch(/^[A-Z].{10,120}[.?]$/)
  })

  it('names each code once', () => {
    const source = readFileSync(new URL('./error-codes.ts', import.meta.url), 'utf8')
    const named = [...source.matchAll(/^ {2}'?([a-z0-9-]+)'?: \{/gm)].map(match => match[1])
    expect(named).toHaveLength(codes.length)
    expect(new Set(named).size).toBe(named.length)
  })

  it('is the page that documents it (node scripts/error-page.ts writes it)', () => {
    const page = readFileSync(new URL('../../docs/spec/errors.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (\w+) \| (.+) \|$/gm)].map(match => match.slice(1))
    expect(rows).toEqual(codes.map(code => [code, familyOf(code), textOf(code)]))
  })

  it('knows its codes from other words', () => {
    for (const word of ['toString', '__proto__', '', 'no-such-code', 5, null])
      expect(isErrorCode(word)).toBe(false)
    expect(isErrorCode('fault')).toBe(true)
  })
})

describe('an error', () => {
  it.each<[ErrorCode, boolean]>([
    ['host-unreachable', true],
    ['frame-malformed', false],
    ['balance-too-low', false],
    ['fault', false],
  ])('%s may be tried again: %s', (code, retryable) => {
    expect(new ParatiiError(code).retryable).toBe(retryable)
  })

  it('carries its details and its cause', () => {
    const cause = new Error('inner')
    const error = new ParatiiError('store-failed', { path: 'x' }, cause)
    expect(error).toMatchObject({ name: 'ParatiiError', code: 'store-failed', details: { path: 'x' }, cause })
    expect(error.message).toBe(textOf('store-failed'))
  })

  it('is what a failed result becomes when thrown', () => {
    expect(orThrow(ok(5))).toBe(5)
    expect(() => orThrow(failed('cid-malformed', { field: 'id' }))).toThrow(
      expect.objectContaining({ code: 'cid-malformed', details: { field: 'id' } }),
    )
  })

  it('is made of whatever was thrown', () => {
    const own = new ParatiiError('timed-out')
    expect(errorFrom(own, 'fault')).toBe(own)
    expect(errorFrom(new Error('disk full'), 'store-failed')).toMatchObject({
      code: 'store-failed',
      details: { reason: 'disk full' },
    })
    expect(errorFrom('text')).toMatchObject({ code: 'fault', details: { reason: 'text' } })
    const abort = new AbortController()
    abort.abort()
    expect(errorFrom(abort.signal.reason)).toMatchObject({ code: 'aborted', retryable: false })
  })
})
