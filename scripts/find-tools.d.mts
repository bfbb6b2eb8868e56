type Environment = Readonly<Record<string, string | undefined>>

export function findTool(tool: 'chromium' | 'ffmpeg', env?: Environment): string | undefined
export function findTools(
  env?: Environment,
  install?: (packages: readonly string[]) => boolean,
): { paths: { chromium: string; ffmpeg: string } } | { advice: string }
