import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A server of this folder in a process of its own; it prints its URL as JSON, and ends on SIGTERM. */
export const startServer = async (script: string, ...parameters: readonly string[]) => {
  const path = join(import.meta.dirname, script)
  const child = spawn(process.execPath, [path, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => {
      throw new Error('the bare server ended before it served')
    }),
  ])
  const { url } = JSON.parse(String(line)) as { readonly url: string }
  return {
    url,
    pid: pidOf(child),
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

export const pidOf = ({ pid }: { readonly pid?: number | undefined }): number => {
  if (pid === undefined) throw new Error('a process did not start')
  return pid
}
