/**
 * The interface of `samsr serve` as types, written by `npm run client` from its OpenAPI document.
 *
 * @example
 * import createClient from "openapi-fetch";
 * import type { paths } from "samsr/client";
 * const client = createClient<paths>({ baseUrl: "http://localhost:8080" });
 * const { data, error } = await client.GET("/v1/jobs/{id}", { params: { path: { id } } });
 */
// The document's SHA-256: e7450917d60783d6c0570f4cf045bf56718fcb22386c39deff7558ce4e2e131e

export interface paths {
  "/v1/upscale": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Enlarge a picture
     * @description The picture is the body, or the one file of a form. Options are those of samsr
     *   upscale, as parameters or as fields of the form.
     */
    post: operations["upscale"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/batches": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Enlarge many pictures
     * @description A form with any number of files. Its options are those of samsr upscale, for all of
     *   them.
     */
    post: operations["upscaleBatch"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/jobs": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Your jobs */
    get: operations["listJobs"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/jobs/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** How a job is */
    get: operations["getJob"];
    put?: never;
    post?: never;
    /** Give up a job, or remove its result */
    delete: operations["deleteJob"];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/jobs/{id}/result": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The enlarged picture */
    get: operations["getResult"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/batches/{id}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** How a batch is */
    get: operations["getBatch"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/jobs/{id}/events": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What happens to a job
     * @description Server-sent events: the job whenever it changes, under the name job, until it is over.
     */
    get: operations["watchJob"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/health": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** How the server is */
    get: operations["health"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/health/live": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Whether it answers */
    get: operations["live"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/health/ready": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Whether it takes pictures */
    get: operations["ready"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/v1/models": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Models that requests may name */
    get: operations["listModels"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/metrics": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Figures for Prometheus */
    get: operations["metrics"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description Why a request was refused (RFC 9457). */
    Problem: {
      /** @description always about:blank */
      type: string;
      /** @description the status in words */
      title: string;
      status: number;
      /** @description one line for people */
      detail: string;
      /** @description the request's id, as in the log */
      instance: string;
    };
    /** @description One picture to enlarge. */
    Job: {
      /** Format: uuid */
      id: string;
      /**
       * @description parked: its process died as often as it may
       * @enum {string}
       */
      state: "queued" | "running" | "done" | "failed" | "parked" | "cancelled";
      /** @description what the client calls the picture */
      name: string;
      /**
       * Format: uuid
       * @description the batch that it came with
       */
      batch?: string;
      /** @description of the picture's file */
      bytes: number;
      /**
       * Format: date-time
       * @description when it was accepted
       */
      created: string;
      /**
       * Format: date-time
       * @description when it was handed to a process
       */
      started?: string;
      /**
       * Format: date-time
       * @description when it was over
       */
      ended?: string;
      /**
       * Format: date-time
       * @description when it goes with its result
       */
      expires?: string;
      /** @description in the queue; 1 is next */
      place?: number;
      /** @description until it is done, as far as can be known */
      secondsLeft?: number;
      progress?: {
        /** @description latents, masks, noise, denoise, tiles, resample or encode */
        stage: string;
        /** @description steps of this stage that are done, tiles for most */
        done: number;
        /** @description steps of this stage */
        total: number;
      };
      problem?: {
        status: number;
        /** @description one line, the command's */
        detail: string;
      };
      result?: {
        /** @description pixels */
        width: number;
        /** @description pixels */
        height: number;
        /** @description png, jpeg, webp, avif, tiff or gif */
        format: string;
        /** @description pages or frames */
        pages: number;
        /** @description of its file */
        bytes: number;
        /** @description what was lost */
        warnings: string[];
        /** @description that it took */
        milliseconds: number;
        /** @description of picture, settings and model */
        etag: string;
      };
      links: {
        /** @description the job */
        self: string;
        /** @description the picture, once it is done */
        result: string;
        /** @description SSE */
        events: string;
      };
    };
    /** @description Pictures that came together. */
    Batch: {
      /** Format: uuid */
      id: string;
      /** @description jobs by state */
      counts: {
        queued?: number;
        running?: number;
        done?: number;
        failed?: number;
        parked?: number;
        cancelled?: number;
      };
      jobs: components["schemas"]["Job"][];
      /** @description pictures that became no job; said once, in the answer to their coming */
      refused?: {
        name: string;
        status: number;
        detail: string;
      }[];
    };
    Model: {
      /** @description what requests call it */
      name: string;
      /** @description what it is */
      summary: string;
      /** @description its kind */
      network: string;
      /** @description of its weights */
      licence: string;
      /** @description it looks at masks */
      masks: boolean;
      /** @description its own, of a model that can be sharper or more faithful */
      detail?: number;
      /** @description taken by requests that name none */
      default: boolean;
    };
    Health: {
      /** @enum {string} */
      status: "ok" | "stopping";
      /** @description jobs that wait */
      queued?: number;
      /** @description jobs that run */
      running?: number;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  upscale: {
    parameters: {
      query?: {
        /** @description an installed model (default: the server's) */
        model?: string;
        /** @description how to enlarge (default: the model's) */
        method?: "samsr" | "sinsr" | "resshift" | "ddim";
        /** @description steps of the diffusion (default: 1; resshift: all; ddim: 15) */
        steps?: number;
        /**
         * @description 0 keeps to the picture, 1 is sharpest and invents most (default: the model's)
         */
        detail?: number;
        /** @description seed of the noise; the same seed gives the same noise */
        seed?: number;
        /**
         * @description over 0, at most 8 (default: the network's own, 4 of samsr-tiny); a resampler
         *   does the rest
         */
        scale?: number;
        /** @description pixels across, instead of a scale; the height follows */
        width?: number;
        /** @description pixels down; with width too, the result fits into both */
        height?: number;
        /** @description pixels of the longer side */
        longest?: number;
        /** @description where masks come from (default: regions, for samsr) */
        masks?: "regions" | "network" | "sam" | "none";
        /** @description equations of the paper or of its code (default: the model's) */
        variant?: "paper" | "release";
        /**
         * @description m of equation 9: how far the diffusion follows the masks (default: the
         *   model's)
         */
        etaScale?: number;
        /** @description what follows the masks (default: the model's) */
        coefficients?: "both" | "eta" | "kappa";
        /** @description of x_T: SAM-noise or plain Gaussian (default: the model's) */
        noise?: "sam" | "gaussian";
        /** @description how much noise ddim draws afresh, from 0 to 1 (default: 1) */
        ddimEta?: number;
        /** @description strength of the noise (default: the model's) */
        kappa?: number;
        /** @description side of a square as large as a tile may be, in pixels of the input */
        tile?: number;
        /** @description how far tiles overlap, in pixels of the input */
        overlap?: number;
        /**
         * @description masks and noise of the whole picture, or each tile alone (default: together)
         */
        tiles?: "together" | "alone";
        /** @description of the result (default: as the input) */
        format?: "png" | "jpeg" | "webp" | "avif" | "tiff" | "gif";
        /** @description from 1 to 100, for jpeg, webp and avif */
        quality?: number;
        /** @description webp and avif without loss (default: where the input is, and no quality) */
        lossless?: boolean;
        /** @description pixels an inch that the result tells (default: as the input) */
        density?: number;
        /** @description take damaged and truncated pictures as far as they go */
        tolerant?: boolean;
        /** @description points along each side of the grid (default: 32) */
        points?: number;
        /** @description fewer points where coarser ones found all there is */
        pointsAdaptive?: boolean;
        /** @description points that the network takes at once (default: 64) */
        pointsPerBatch?: number;
        /** @description least quality that the network predicts (default: 0.88) */
        predIouThresh?: number;
        /** @description least stability score (default: 0.95) */
        stabilityScoreThresh?: number;
        /** @description how far the score moves the threshold (default: 1) */
        stabilityScoreOffset?: number;
        /** @description IoU of boxes above which masks are doubles (default: 0.7) */
        boxNmsThresh?: number;
        /** @description layers of crops; layer n has 4^n of them (default: 0) */
        cropNLayers?: number;
        /** @description the same IoU between crops (default: 0.7) */
        cropNmsThresh?: number;
        /** @description overlap of crops, of the shorter side (default: 512/1500) */
        cropOverlapRatio?: number;
        /** @description how many times fewer points a side each layer has (default: 1) */
        cropNPointsDownscaleFactor?: number;
        /** @description smaller holes and islands go (default: 0: none do) */
        minMaskRegionArea?: number;
      };
      header?: {
        /** @description respond-async answers with a job at once; wait=N after N seconds */
        prefer?: string;
        /** @description the same request again is the same job */
        "idempotency-key"?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "image/*": string;
        "application/octet-stream": string;
        "multipart/form-data": {
          /** @description an installed model (default: the server's) */
          model?: string;
          /**
           * @description how to enlarge (default: the model's)
           * @enum {string}
           */
          method?: "samsr" | "sinsr" | "resshift" | "ddim";
          /** @description steps of the diffusion (default: 1; resshift: all; ddim: 15) */
          steps?: number;
          /**
           * @description 0 keeps to the picture, 1 is sharpest and invents most (default: the
           *   model's)
           */
          detail?: number;
          /**
           * @description seed of the noise; the same seed gives the same noise
           * @default 0
           */
          seed?: number;
          /**
           * @description over 0, at most 8 (default: the network's own, 4 of samsr-tiny); a
           *   resampler does the rest
           */
          scale?: number;
          /** @description pixels across, instead of a scale; the height follows */
          width?: number;
          /** @description pixels down; with width too, the result fits into both */
          height?: number;
          /** @description pixels of the longer side */
          longest?: number;
          /**
           * @description where masks come from (default: regions, for samsr)
           * @enum {string}
           */
          masks?: "regions" | "network" | "sam" | "none";
          /**
           * @description equations of the paper or of its code (default: the model's)
           * @enum {string}
           */
          variant?: "paper" | "release";
          /**
           * @description m of equation 9: how far the diffusion follows the masks (default: the
           *   model's)
           */
          etaScale?: number;
          /**
           * @description what follows the masks (default: the model's)
           * @enum {string}
           */
          coefficients?: "both" | "eta" | "kappa";
          /**
           * @description of x_T: SAM-noise or plain Gaussian (default: the model's)
           * @enum {string}
           */
          noise?: "sam" | "gaussian";
          /** @description how much noise ddim draws afresh, from 0 to 1 (default: 1) */
          ddimEta?: number;
          /** @description strength of the noise (default: the model's) */
          kappa?: number;
          /** @description side of a square as large as a tile may be, in pixels of the input */
          tile?: number;
          /** @description how far tiles overlap, in pixels of the input */
          overlap?: number;
          /**
           * @description masks and noise of the whole picture, or each tile alone (default:
           *   together)
           * @enum {string}
           */
          tiles?: "together" | "alone";
          /**
           * @description of the result (default: as the input)
           * @enum {string}
           */
          format?: "png" | "jpeg" | "webp" | "avif" | "tiff" | "gif";
          /** @description from 1 to 100, for jpeg, webp and avif */
          quality?: number;
          /**
           * @description webp and avif without loss (default: where the input is, and no quality)
           */
          lossless?: boolean;
          /** @description pixels an inch that the result tells (default: as the input) */
          density?: number;
          /** @description take damaged and truncated pictures as far as they go */
          tolerant?: boolean;
          /** @description points along each side of the grid (default: 32) */
          points?: number;
          /** @description fewer points where coarser ones found all there is */
          pointsAdaptive?: boolean;
          /** @description points that the network takes at once (default: 64) */
          pointsPerBatch?: number;
          /** @description least quality that the network predicts (default: 0.88) */
          predIouThresh?: number;
          /** @description least stability score (default: 0.95) */
          stabilityScoreThresh?: number;
          /** @description how far the score moves the threshold (default: 1) */
          stabilityScoreOffset?: number;
          /** @description IoU of boxes above which masks are doubles (default: 0.7) */
          boxNmsThresh?: number;
          /** @description layers of crops; layer n has 4^n of them (default: 0) */
          cropNLayers?: number;
          /** @description the same IoU between crops (default: 0.7) */
          cropNmsThresh?: number;
          /** @description overlap of crops, of the shorter side (default: 512/1500) */
          cropOverlapRatio?: number;
          /** @description how many times fewer points a side each layer has (default: 1) */
          cropNPointsDownscaleFactor?: number;
          /** @description smaller holes and islands go (default: 0: none do) */
          minMaskRegionArea?: number;
          /** Format: binary */
          picture: string;
        };
      };
    };
    responses: {
      /** @description The enlarged picture. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "image/*": string;
        };
      };
      /** @description A job, which was asked for or whose picture is large. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Job"];
        };
      };
      /** @description The request is refused. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      411: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  upscaleBatch: {
    parameters: {
      query?: {
        /** @description an installed model (default: the server's) */
        model?: string;
        /** @description how to enlarge (default: the model's) */
        method?: "samsr" | "sinsr" | "resshift" | "ddim";
        /** @description steps of the diffusion (default: 1; resshift: all; ddim: 15) */
        steps?: number;
        /**
         * @description 0 keeps to the picture, 1 is sharpest and invents most (default: the model's)
         */
        detail?: number;
        /** @description seed of the noise; the same seed gives the same noise */
        seed?: number;
        /**
         * @description over 0, at most 8 (default: the network's own, 4 of samsr-tiny); a resampler
         *   does the rest
         */
        scale?: number;
        /** @description pixels across, instead of a scale; the height follows */
        width?: number;
        /** @description pixels down; with width too, the result fits into both */
        height?: number;
        /** @description pixels of the longer side */
        longest?: number;
        /** @description where masks come from (default: regions, for samsr) */
        masks?: "regions" | "network" | "sam" | "none";
        /** @description equations of the paper or of its code (default: the model's) */
        variant?: "paper" | "release";
        /**
         * @description m of equation 9: how far the diffusion follows the masks (default: the
         *   model's)
         */
        etaScale?: number;
        /** @description what follows the masks (default: the model's) */
        coefficients?: "both" | "eta" | "kappa";
        /** @description of x_T: SAM-noise or plain Gaussian (default: the model's) */
        noise?: "sam" | "gaussian";
        /** @description how much noise ddim draws afresh, from 0 to 1 (default: 1) */
        ddimEta?: number;
        /** @description strength of the noise (default: the model's) */
        kappa?: number;
        /** @description side of a square as large as a tile may be, in pixels of the input */
        tile?: number;
        /** @description how far tiles overlap, in pixels of the input */
        overlap?: number;
        /**
         * @description masks and noise of the whole picture, or each tile alone (default: together)
         */
        tiles?: "together" | "alone";
        /** @description of the result (default: as the input) */
        format?: "png" | "jpeg" | "webp" | "avif" | "tiff" | "gif";
        /** @description from 1 to 100, for jpeg, webp and avif */
        quality?: number;
        /** @description webp and avif without loss (default: where the input is, and no quality) */
        lossless?: boolean;
        /** @description pixels an inch that the result tells (default: as the input) */
        density?: number;
        /** @description take damaged and truncated pictures as far as they go */
        tolerant?: boolean;
        /** @description points along each side of the grid (default: 32) */
        points?: number;
        /** @description fewer points where coarser ones found all there is */
        pointsAdaptive?: boolean;
        /** @description points that the network takes at once (default: 64) */
        pointsPerBatch?: number;
        /** @description least quality that the network predicts (default: 0.88) */
        predIouThresh?: number;
        /** @description least stability score (default: 0.95) */
        stabilityScoreThresh?: number;
        /** @description how far the score moves the threshold (default: 1) */
        stabilityScoreOffset?: number;
        /** @description IoU of boxes above which masks are doubles (default: 0.7) */
        boxNmsThresh?: number;
        /** @description layers of crops; layer n has 4^n of them (default: 0) */
        cropNLayers?: number;
        /** @description the same IoU between crops (default: 0.7) */
        cropNmsThresh?: number;
        /** @description overlap of crops, of the shorter side (default: 512/1500) */
        cropOverlapRatio?: number;
        /** @description how many times fewer points a side each layer has (default: 1) */
        cropNPointsDownscaleFactor?: number;
        /** @description smaller holes and islands go (default: 0: none do) */
        minMaskRegionArea?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "multipart/form-data": {
          /** @description an installed model (default: the server's) */
          model?: string;
          /**
           * @description how to enlarge (default: the model's)
           * @enum {string}
           */
          method?: "samsr" | "sinsr" | "resshift" | "ddim";
          /** @description steps of the diffusion (default: 1; resshift: all; ddim: 15) */
          steps?: number;
          /**
           * @description 0 keeps to the picture, 1 is sharpest and invents most (default: the
           *   model's)
           */
          detail?: number;
          /**
           * @description seed of the noise; the same seed gives the same noise
           * @default 0
           */
          seed?: number;
          /**
           * @description over 0, at most 8 (default: the network's own, 4 of samsr-tiny); a
           *   resampler does the rest
           */
          scale?: number;
          /** @description pixels across, instead of a scale; the height follows */
          width?: number;
          /** @description pixels down; with width too, the result fits into both */
          height?: number;
          /** @description pixels of the longer side */
          longest?: number;
          /**
           * @description where masks come from (default: regions, for samsr)
           * @enum {string}
           */
          masks?: "regions" | "network" | "sam" | "none";
          /**
           * @description equations of the paper or of its code (default: the model's)
           * @enum {string}
           */
          variant?: "paper" | "release";
          /**
           * @description m of equation 9: how far the diffusion follows the masks (default: the
           *   model's)
           */
          etaScale?: number;
          /**
           * @description what follows the masks (default: the model's)
           * @enum {string}
           */
          coefficients?: "both" | "eta" | "kappa";
          /**
           * @description of x_T: SAM-noise or plain Gaussian (default: the model's)
           * @enum {string}
           */
          noise?: "sam" | "gaussian";
          /** @description how much noise ddim draws afresh, from 0 to 1 (default: 1) */
          ddimEta?: number;
          /** @description strength of the noise (default: the model's) */
          kappa?: number;
          /** @description side of a square as large as a tile may be, in pixels of the input */
          tile?: number;
          /** @description how far tiles overlap, in pixels of the input */
          overlap?: number;
          /**
           * @description masks and noise of the whole picture, or each tile alone (default:
           *   together)
           * @enum {string}
           */
          tiles?: "together" | "alone";
          /**
           * @description of the result (default: as the input)
           * @enum {string}
           */
          format?: "png" | "jpeg" | "webp" | "avif" | "tiff" | "gif";
          /** @description from 1 to 100, for jpeg, webp and avif */
          quality?: number;
          /**
           * @description webp and avif without loss (default: where the input is, and no quality)
           */
          lossless?: boolean;
          /** @description pixels an inch that the result tells (default: as the input) */
          density?: number;
          /** @description take damaged and truncated pictures as far as they go */
          tolerant?: boolean;
          /** @description points along each side of the grid (default: 32) */
          points?: number;
          /** @description fewer points where coarser ones found all there is */
          pointsAdaptive?: boolean;
          /** @description points that the network takes at once (default: 64) */
          pointsPerBatch?: number;
          /** @description least quality that the network predicts (default: 0.88) */
          predIouThresh?: number;
          /** @description least stability score (default: 0.95) */
          stabilityScoreThresh?: number;
          /** @description how far the score moves the threshold (default: 1) */
          stabilityScoreOffset?: number;
          /** @description IoU of boxes above which masks are doubles (default: 0.7) */
          boxNmsThresh?: number;
          /** @description layers of crops; layer n has 4^n of them (default: 0) */
          cropNLayers?: number;
          /** @description the same IoU between crops (default: 0.7) */
          cropNmsThresh?: number;
          /** @description overlap of crops, of the shorter side (default: 512/1500) */
          cropOverlapRatio?: number;
          /** @description how many times fewer points a side each layer has (default: 1) */
          cropNPointsDownscaleFactor?: number;
          /** @description smaller holes and islands go (default: 0: none do) */
          minMaskRegionArea?: number;
          pictures: string[];
        };
      };
    };
    responses: {
      /** @description A job for each picture that was taken. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Batch"];
        };
      };
      /** @description The request is refused. */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  listJobs: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description All that have not expired, the oldest first. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": {
            jobs: components["schemas"]["Job"][];
          };
        };
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getJob: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description of the job or batch */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The job. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Job"];
        };
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  deleteJob: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description of the job or batch */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It is gone. */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getResult: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description of the job or batch */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The picture. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "image/*": string;
        };
      };
      /** @description It is as the client has it. */
      304: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      410: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      500: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  getBatch: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description of the job or batch */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Its jobs. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Batch"];
        };
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  watchJob: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description of the job or batch */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Events. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "text/event-stream": string;
        };
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  health: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It answers. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Health"];
        };
      };
      /** @description The request is refused. */
      421: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  live: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It does. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Health"];
        };
      };
      /** @description The request is refused. */
      421: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  ready: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It does. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Health"];
        };
      };
      /** @description The request is refused. */
      421: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description It is stopping. */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Health"];
        };
      };
    };
  };
  listModels: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Those that are installed. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": {
            models: components["schemas"]["Model"][];
          };
        };
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  metrics: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Figures. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "text/plain": string;
        };
      };
      /** @description The request is refused. */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
      /** @description The request is refused. */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
}
