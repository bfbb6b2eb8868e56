import type { ReactElement, ReactNode, Ref } from 'react'
import type { View } from './asked.ts'

type PanelProps = {
  readonly view: View
  readonly busy?: boolean
  readonly children: ReactNode
  /** The part that must be in sight for a yes to count. */
  readonly content?: Ref<HTMLDivElement>
}

/** What stands in the player while no video does: over the tag's poster, if it has one. */
export function Panel({ view, busy = false, children, content }: PanelProps): ReactElement {
  return (
    <section className="panel" aria-busy={busy}>
      {view.poster !== undefined && (
        <img className="poster" src={view.poster} alt="" referrerPolicy="no-referrer" />
      )}
      <div className="panel-content" ref={content}>
        {children}
      </div>
    </section>
  )
}
