// As much of Next.js, React and Nuxt as the recipes' components name: their own packages are hundreds of megabytes.
declare namespace JSX {
  type Element = object;
  interface ElementChildrenAttribute {
    children: unknown;
  }
  interface IntrinsicElements {
    [name: string]: { children?: unknown; lang?: string; onClick?: () => void; [marked: `data-${string}`]: string };
  }
}

declare module "react" {
  export type ReactNode = JSX.Element | string | null;
  export function useEffect(effect: () => void, dependencies: unknown[]): void;
}

declare module "next/script" {
  export default function Script(properties: { src: string; [attribute: `data-${string}`]: string }): JSX.Element;
}

declare function defineNuxtConfig(configuration: {
  app: { head: { script: { src: string; defer: boolean; [attribute: `data-${string}`]: string }[] } };
}): object;
