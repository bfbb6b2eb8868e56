/** What a file of a published format is for, read from its place in the directory. */
export type RenditionKind = 'video' | 'audio' | 'shared'

/**
 * The rendition that a path belongs to: its first folder, `v…` for video and `a…` for audio. All else (manifests,
 * subtitles) belongs to every path through the format and is `shared`.
 */
export const renditionOf = (path: string): { readonly kind: RenditionKind; readonly name: string } => {
  const slash = path.indexOf('/')
  if (slash < 0) return { kind: 'shared', name: '' }
  const name = path.slice(0, slash)
  if (name.startsWith('v')) return { kind: 'video', name }
  if (name.startsWith('a')) return { kind: 'audio', name }
  return { kind: 'shared', name }
}
