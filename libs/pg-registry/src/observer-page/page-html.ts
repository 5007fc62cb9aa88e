/**
 * The page before its script runs. Its files are asked for by a query, not by a path: a query leads to the same place from `/pg-registry`
 * and `/pg-registry/`, below any prefix and behind any proxy. The script finds the rest relative to where the page is.
 */
export const PAGE_HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>PgRegistry</title>
    <link rel="icon" href="?file=icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="?file=page.css" />
    <script type="module" src="?file=page.js"></script>
  </head>
  <body>
    <div id="page"></div>
    <noscript>This page needs JavaScript.</noscript>
  </body>
</html>
`;
