import { access, constants } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { ParatiiError } from '#std/error.ts'

/** Paths of the two programs that read and write media. */
export type MediaTools = { readonly ffmpeg: string; readonly ffprobe: string }

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Finds ffmpeg by `FFMPEG_PATH`, else on the PATH, and ffprobe by `FFPROBE_PATH`, beside ffmpeg, else on the PATH.
 * Throws `tool-absent` with `program` and `advice`, one line that says what to do.
 */
export const findMediaTools = async (env: Environment = process.env): Promise<MediaTools> => {
  const folders = (env.PATH ?? '').split(delimiter).filter(folder => folder !== '')
  const ffmpeg = await findTool('ffmpeg', env.FFMPEG_PATH, folders)
  const ffprobe = await findTool('ffprobe', env.FFPROBE_PATH, [dirname(ffmpeg), ...folders])
  return { ffmpeg, ffprobe }
}

const findTool = async (
  program: 'ffmpeg' | 'ffprobe',
  chosen: string | undefined,
  folders: readonly string[],
): Promise<string> => {
  const candidates = chosen ? [chosen] : folders.map(folder => join(folder, program))
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate
  const variable = `${program.toUpperCase()}_PATH`
  const advice = chosen
    ? `${variable} names no program: ${chosen}`
    : `Install ffmpeg (Debian: apt-get install -y ffmpeg) or set ${variable}`
  throw new ParatiiError('tool-absent', { program, advice })
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
