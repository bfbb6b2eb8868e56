import { read } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { ParatiiError } from '#std/error.ts'

/** Where a password may come from. */
export type PasswordSources = {
  /** Number of an open file descriptor: its first line is the password. */
  readonly fd?: number | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** A terminal to ask on; left out where there is none. */
  readonly terminal?:
    | { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WritableStream }
    | undefined
}

const maxPasswordBytes = 4096

/**
 * The password: from the file descriptor, else from `PARATII_PASSWORD`, else asked for without showing it (twice if
 * it is `fresh`). Throws `usage-invalid` where there is none of them, or the two differ.
 */
export const findPassword = async (
  sources: PasswordSources,
  prompt: string,
  fresh: boolean,
): Promise<string> => {
  if (sources.fd !== undefined) return readFirstLine(sources.fd)
  if (sources.env.PARATII_PASSWORD !== undefined) return sources.env.PARATII_PASSWORD
  if (sources.terminal === undefined)
    throw new ParatiiError('usage-invalid', {
      advice: 'Give the password by PARATII_PASSWORD or --password-fd.',
    })
  const password = await ask(sources.terminal, `${prompt}: `)
  if (fresh && (await ask(sources.terminal, 'Once more: ')) !== password)
    throw new ParatiiError('usage-invalid', { advice: 'The two passwords differ.' })
  return password
}

const readFirstLine = async (fd: number): Promise<string> => {
  const buffer = Buffer.alloc(maxPasswordBytes)
  let length = 0
  try {
    while (length < buffer.length && !buffer.subarray(0, length).includes(10)) {
      const { bytesRead } = await promisify(read)(fd, buffer, length, buffer.length - length, null)
      if (bytesRead === 0) break
      length += bytesRead
    }
  } catch (cause) {
    throw new ParatiiError('usage-invalid', { advice: `File descriptor ${fd} cannot be read.` }, cause)
  }
  return buffer.subarray(0, length).toString('utf8').split(/\r?\n/)[0] ?? ''
}

const ask = async (
  { input, output }: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WritableStream },
  question: string,
): Promise<string> => {
  output.write(question)
  // readline shows what is typed on its output: this one shows nothing.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: silent, terminal: true })
  const stop = new AbortController()
  lines.once('SIGINT', () => stop.abort())
  lines.once('close', () => stop.abort())
  try {
    return await lines.question('', { signal: stop.signal })
  } catch (cause) {
    throw new ParatiiError('aborted', {}, cause)
  } finally {
    lines.close()
    output.write('\n')
  }
}
