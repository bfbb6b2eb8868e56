import { textOf } from '#std/error.ts'
import type { ErrorCode } from '#std/error-codes.ts'

/** A text of `assets/_locales`. Chrome picks the language. */
export type TextKey = Exclude<keyof typeof import('../../assets/_locales/en/messages.json'), symbol>

/** The text with its `$1`, `$2`, … replaced. */
export const text = (key: TextKey, ...parts: readonly string[]): string =>
  chrome.i18n.getMessage(key, [...parts])

/** What a person is told of a failure. A language without a text of its own for a code shows the registry's. */
export const failureText = (code: ErrorCode): string =>
  chrome.i18n.getMessage(`error_${code.replaceAll('-', '_')}`) || textOf(code)
