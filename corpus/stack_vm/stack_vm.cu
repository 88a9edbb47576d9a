/* A stack machine: every thread runs the same byte code on its own input. Opcodes come from one list. */
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#define OPCODES(X) \
    X(HALT) X(PUSH) X(DUP) X(SWAP) X(OVER) X(DROP) X(ARG) X(ADD) X(SUB) X(MUL) X(DIV) X(REM) X(LESS) X(JZ) X(JMP) \
    X(TOF) X(FADD) X(FMUL) X(FSQRT) X(TOI) X(BITS)

enum Op {
#define X(name) OP_##name,
    OPCODES(X)
#undef X
    OP_COUNT
};

static const char *const op_names[] = {
#define X(name) #name,
    OPCODES(X)
#undef X
};

enum Status { OK = 0, OVERFLOW_, UNDERFLOW_, DIVIDED_BY_ZERO, BAD_OPCODE, TOO_LONG };

#define STACK 12
#define MAX_CODE 128

union Cell {
    int i;
    float f;
    unsigned u;
};

__constant__ unsigned char code[MAX_CODE];

__global__ void interpret(const int *args, int n, int budget, union Cell *results, unsigned char *status)
{
    int t = threadIdx.x + blockIdx.x * blockDim.x;
    if (t >= n)
        return;

    union Cell stack[STACK];
    int sp = 0, pc = 0, error = OK;
    results[t].u = 0;

#define NEED(k) if (sp < (k)) { error = UNDERFLOW_; goto stop; }
#define ROOM()  if (sp == STACK) { error = OVERFLOW_; goto stop; }
    while (1) {
        if (budget-- == 0) {
            error = TOO_LONG;
            goto stop;
        }
        switch (code[pc++]) {
        case OP_HALT:
            NEED(1);
            results[t] = stack[sp - 1];
            goto stop;
        case OP_PUSH: ROOM(); stack[sp++].i = (signed char)code[pc++]; break;
        case OP_DUP: NEED(1); ROOM(); stack[sp] = stack[sp - 1]; sp++; break;
        case OP_SWAP: {
            NEED(2);
            union Cell top = stack[sp - 1];
            stack[sp - 1] = stack[sp - 2];
            stack[sp - 2] = top;
            break;
        }
        case OP_OVER: NEED(2); ROOM(); stack[sp] = stack[sp - 2]; sp++; break;
        case OP_DROP: NEED(1); sp--; break;
        case OP_ARG: ROOM(); stack[sp++].i = args[t]; break;
        case OP_ADD: NEED(2); sp--; stack[sp - 1].i += stack[sp].i; break;
        case OP_SUB: NEED(2); sp--; stack[sp - 1].i -= stack[sp].i; break;
        case OP_MUL: NEED(2); sp--; stack[sp - 1].i *= stack[sp].i; break;
        case OP_DIV:
        case OP_REM: {
            NEED(2);
            int divisor = stack[--sp].i;
            if (divisor == 0) {
                error = DIVIDED_BY_ZERO;
                goto stop;
            }
            stack[sp - 1].i = code[pc - 1] == OP_DIV ? stack[sp - 1].i / divisor : stack[sp - 1].i % divisor;
            break;
        }
        case OP_LESS: NEED(2); sp--; stack[sp - 1].i = stack[sp - 1].i < stack[sp].i; break;
        case OP_JZ: NEED(1); pc = stack[--sp].i == 0 ? code[pc] : pc + 1; break;
        case OP_JMP: pc = code[pc]; break;
        case OP_TOF: NEED(1); stack[sp - 1].f = (float)stack[sp - 1].i; break;
        case OP_FADD: NEED(2); sp--; stack[sp - 1].f += stack[sp].f; break;
        case OP_FMUL: NEED(2); sp--; stack[sp - 1].f *= stack[sp].f; break;
        case OP_FSQRT: NEED(1); stack[sp - 1].f = sqrtf(stack[sp - 1].f); break;
        case OP_TOI: NEED(1); stack[sp - 1].i = (int)stack[sp - 1].f; break;
        case OP_BITS: NEED(1); stack[sp - 1].i = __popc(stack[sp - 1].u); break;
        default:
            error = BAD_OPCODE;
            goto stop;
        }
    }
stop:
    status[t] = (unsigned char)error;
}

static int assemble(const char *text, unsigned char *out)
{
    char copy[512];
    int at = 0;
    strcpy(copy, text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        int op = 0;
        while (op < OP_COUNT && strcmp(word, op_names[op]) != 0)
            op++;
        out[at++] = (unsigned char)(op < OP_COUNT ? op : atoi(word));
    }
    return at;
}

typedef struct { const char *name, *text; int (*expect)(int x, union Cell *result); } Program;

static int expect_product(int x, union Cell *r) /* (x*x % 11)!, last two digits, by table */
{
    static const int last[11] = {1, 1, 2, 6, 24, 20, 20, 40, 20, 80, 0};
    r->i = last[x * x % 11];
    return OK;
}

static int expect_length(int x, union Cell *r) /* sqrt(x*x + 9), as an integer */
{
    r->i = (int)floor(sqrt((double)x * x + 9.0) + 1e-9);
    return OK;
}

static int expect_quotient(int x, union Cell *r) /* (100 / x) with its bits counted */
{
    r->u = 0;
    if (x == 0) return DIVIDED_BY_ZERO;
    unsigned q = (unsigned)(100 / x);
    for (; q; q &= q - 1) r->u++;
    return OK;
}

static int expect_magnitude(int x, union Cell *r) { r->i = x < 0 ? -x : x; return OK; }
static int expect_square(int x, union Cell *r) { r->i = x * x + 3; return OK; } /* in floating point, but exact */
static int expect_overflow(int, union Cell *r) { r->u = 0; return OVERFLOW_; }
static int expect_endless(int, union Cell *r) { r->u = 0; return TOO_LONG; }

int main(int argc, char **argv)
{
    const int n = argc > 1 ? atoi(argv[1]) : 333;
    const Program programs[] = {
        {"product", "PUSH 1 ARG DUP MUL PUSH 11 REM "     /* 1, k */
                    "DUP JZ 21 SWAP OVER MUL SWAP PUSH 1 SUB JMP 8 HALT "
                    "DROP PUSH 100 REM HALT", expect_product},
        {"length", "ARG DUP MUL PUSH 9 ADD TOF FSQRT TOI HALT", expect_length},
        {"quotient", "PUSH 100 ARG DIV BITS HALT", expect_quotient},
        {"magnitude", "ARG DUP PUSH 0 LESS JZ 11 PUSH 0 SWAP SUB HALT", expect_magnitude},
        {"square", "ARG TOF DUP FMUL PUSH 3 TOF FADD TOI HALT", expect_square},
        {"overflow", "PUSH 7 DUP JMP 2", expect_overflow},
        {"endless", "PUSH 1 DROP JMP 0", expect_endless},
    };
    int *args, *d_args, wrong = 0;
    union Cell *d_results, *results = (union Cell *)malloc(n * sizeof(union Cell));
    unsigned char *d_status, *status = (unsigned char *)malloc(n);
    args = (int *)malloc(n * sizeof(int));
    for (int i = 0; i < n; i++)
        args[i] = i * 7 % 61 - 30;
    cudaMalloc((void **)&d_args, n * sizeof(int));
    cudaMalloc((void **)&d_results, n * sizeof(union Cell));
    cudaMalloc((void **)&d_status, n);
    cudaMemcpy(d_args, args, n * sizeof(int), cudaMemcpyHostToDevice);

    for (size_t p = 0; p < sizeof programs / sizeof *programs; p++) {
        unsigned char bytes[MAX_CODE] = {0};
        int length = assemble(programs[p].text, bytes);
        cudaMemcpyToSymbol(code, bytes, sizeof bytes);
        interpret<<<(n + 63) / 64, 64>>>(d_args, n, 500, d_results, d_status);
        cudaMemcpy(results, d_results, n * sizeof(union Cell), cudaMemcpyDeviceToHost);
        cudaMemcpy(status, d_status, n, cudaMemcpyDeviceToHost);
        int bad = 0;
        for (int i = 0; i < n; i++) {
            union Cell want;
            bad += status[i] != programs[p].expect(args[i], &want) || results[i].i != want.i;
        }
        printf("%s: %d bytes, %d wrong\n", programs[p].name, length, bad);
        wrong += bad;
    }
    if (cudaGetLastError() != cudaSuccess)
        wrong = -1;
    printf("%s\n", wrong == 0 ? "PASS" : "FAIL");
    cudaFree(d_args);
    cudaFree(d_results);
    cudaFree(d_status);
    free(args);
    free(results);
    free(status);
    return wrong != 0;
}
