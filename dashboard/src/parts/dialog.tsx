// A dialog over the view: the browser's own, which keeps the focus inside and closes on Escape.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  close: () => void;
  children: ComponentChildren;
}

export const Dialog = ({ title, close, children }: Props) => {
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    place.current!.showModal();
  }, []);
  return (
    <dialog ref={place} aria-label={title} onClose={close} onClick={(event) => event.target === place.current && place.current?.close()}>
      <div class="dialog">
        <header>
          <h2>{title}</h2>
          <button class="quiet" onClick={() => place.current!.close()} aria-label="Close">
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
};
